using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>Partitions of a subscription at the head of the log: the partition of a test's event is the number in its stream's name.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SharedTailTests : IAsyncDisposable
{
    private readonly PageCountingLog _pages = new(new InMemoryEventLog());
    private readonly CountingLog _log;
    private readonly SharedTail _tail;
    private readonly Partition[] _partitions;

    public SharedTailTests()
    {
        _log = new(_pages);
        _tail = new(new(_log), null, 10, static (in e) => int.Parse(e.StreamId.Value[2..], System.Globalization.CultureInfo.InvariantCulture));
        _partitions = [.. Enumerable.Range(0, 3).Select(i => new Partition(_tail, i))];
    }

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    private Task<AppendResult> AppendAsync(int partition, int count = 1) => _log.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite($"s-{partition}", ExpectedVersion.Any, Enumerable.Repeat(new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true }, count).ToArray()) },
    }, default).AsTask();

    private async Task AllReadAsync()
    {
        foreach (var partition in _partitions) await partition.ReadAsync();
    }

    private Task UntilAsync(Func<bool> condition) => _log.Changed.UntilAsync(condition);

    [Test]
    public async Task Partitions_that_begin_together_share_a_page_and_one_wait()
    {
        await AllReadAsync();
        foreach (var partition in _partitions) partition.Wait();
        await UntilAsync(() => _log.Waiting == 1);
        _log.Reads.Should().BeLessThanOrEqualTo(3);
        var reads = _log.Reads;
        await AppendAsync(1);
        await _partitions[1].Waiting.WaitAsync(Signal.Patience);
        (await _partitions[1].ReadAsync()).Should().Equal(1);
        await UntilAsync(() => _log.Waiting == 1);
        _log.Reads.Should().Be(reads + 1);
        _partitions[0].Waiting.IsCompleted.Should().BeFalse("it is for another");
    }

    [Test]
    public async Task Partition_that_waits_is_moved_past_the_events_of_others_and_woken_where_it_wants_to_know()
    {
        await AllReadAsync();
        _partitions[0].Wait(until: 4);
        var settled = _partitions[0].Settlement.Enter(3);
        await AppendAsync(1, 3);
        await settled.Task.WaitAsync(Signal.Patience);
        _partitions[0].Waiting.IsCompleted.Should().BeFalse();
        await AppendAsync(1);
        await _partitions[0].Waiting.WaitAsync(Signal.Patience);
        _partitions[0].Place.Position.Should().Be(3);
        (await _partitions[0].ReadAsync()).Should().Equal(4);
    }

    [Test]
    public async Task Wait_that_is_cancelled_keeps_what_was_passed()
    {
        using var cancel = new CancellationTokenSource();
        await AllReadAsync();
        _partitions[0].Wait(cancellationToken: cancel.Token);
        var settled = _partitions[0].Settlement.Enter(3);
        await AppendAsync(1, 3);
        await settled.Task.WaitAsync(Signal.Patience);
        await cancel.CancelAsync();
        await FluentActions.Awaiting(() => _partitions[0].Waiting).Should().ThrowAsync<OperationCanceledException>();
        _partitions[0].Place.Position.Should().Be(3);
        await _tail.Ended.WaitAsync(Signal.Patience);
        _log.Waiting.Should().Be(0, "nobody is left");
    }

    // A partition that was reset to an earlier position must not be told what it was moved past before.
    [Test]
    public async Task Wait_that_is_cancelled_before_it_begins_passes_nothing()
    {
        await AppendAsync(0, 5);
        (await _partitions[0].ReadAsync()).Should().HaveCount(5);
        _partitions[0].Wait();
        await AppendAsync(0);
        await _partitions[0].Waiting.WaitAsync(Signal.Patience);
        _partitions[0].At = 2;
        _partitions[0].Wait(cancellationToken: new(canceled: true));
        await _partitions[0].Waiting.ContinueWith(static _ => { }, TaskScheduler.Default);
        _partitions[0].Place.Position.Should().Be(2);
    }

    [Test]
    public async Task Partition_that_comes_back_takes_the_last_page_or_reads_what_it_missed_and_the_next_shares_that()
    {
        await AllReadAsync();
        _partitions[2].Wait();
        var reads = _log.Reads;
        await AppendAsync(2);
        await _partitions[2].Waiting.WaitAsync(Signal.Patience);
        (await _partitions[2].ReadAsync()).Should().Equal(1);
        _partitions[2].Wait();
        await AppendAsync(2);
        await _partitions[2].Waiting.WaitAsync(Signal.Patience);
        (await _partitions[2].ReadAsync()).Should().Equal(2);
        (_log.Reads - reads).Should().Be(2);
        // The other two were busy meanwhile.
        (await _partitions[0].ReadAsync()).Should().Equal(1, 2);
        (_log.Reads - reads).Should().Be(3, "it missed a page");
        (await _partitions[1].ReadAsync()).Should().Equal(1, 2);
        (_log.Reads - reads).Should().Be(3);
    }

    [Test]
    public async Task Nothing_is_kept_while_all_wait_or_rest()
    {
        await AppendAsync(0);
        await AllReadAsync();
        _pages.Alive.Should().Be(1, "partitions that are busy may come to it");
        foreach (var partition in _partitions) partition.Wait();
        _pages.Alive.Should().Be(0);
        await AppendAsync(0);
        await _partitions[0].Waiting.WaitAsync(Signal.Patience);
        _pages.Alive.Should().Be(1, "one was woken with it");
        _tail.Rest(_partitions[0].Place);
        await UntilAsync(() => _pages.Alive == 0);
    }

    [Test]
    public async Task More_than_a_page_is_handed_out_page_by_page()
    {
        await AllReadAsync();
        foreach (var partition in _partitions) partition.Wait();
        await Task.WhenAll(AppendAsync(0, 35), AppendAsync(1, 1));
        await _partitions[0].Waiting.WaitAsync(Signal.Patience);
        await _partitions[1].Waiting.WaitAsync(Signal.Patience);
        foreach (var partition in _partitions[..2])
        {
            while (partition.At < 36) await partition.ReadAsync();
            partition.Seen.Should().Equal(Enumerable.Range(37 - partition.Seen.Count, partition.Seen.Count).Select(i => (long)i), "nothing is left out");
        }

        _partitions[0].Seen.Count.Should().BeGreaterThanOrEqualTo(35);
    }

    // A partition asks for the key of each event that it is handed.
    [Test]
    public async Task Event_wakes_its_own_partition_only_however_far_the_others_checkpoints_are_behind()
    {
        await using var store = new EventStore(_log, EventTypeMap.Empty);
        await using var bus = new EventBus(store);
        bus.StateChanged += (_, _, _) => _log.Changed.Set();
        var asked = 0;
        var options = new SubscriptionOptions
        {
            IsPartitioned = true,
            CheckpointEvery = 1_000_000,
            CheckpointAfter = TimeSpan.FromHours(1),
            PartitionKey = e =>
            {
                Interlocked.Increment(ref asked);
                return e.StreamId.Value;
            },
        };
        var group = await bus.SubscribeAsync("group", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask), options);
        await UntilAsync(() => group.ActivePartitions == 16 && group.State == SubscriptionState.Live);
        for (var i = 0; i < 64; i++) await HandledAsync(AppendAsync(i));
        for (var i = 0; i < 20; i++) await HandledAsync(AppendAsync(0, 1000));
        await UntilAsync(() => group.ActivePartitions == 16 && group.State == SubscriptionState.Live);
        asked = 0;
        for (var i = 0; i < 32; i++) await HandledAsync(AppendAsync(i));
        asked.Should().BeInRange(2 * 32, 8 * 32, "once to find its partition, once by that partition, and now and then by one that comes back from its own event meanwhile");

        async Task HandledAsync(Task<AppendResult> append) => await group.WaitForPositionAsync((await append).LastPosition).WaitAsync(Signal.Patience);
    }

    /// <summary>What a runner does, by hand.</summary>
    private sealed class Partition(SharedTail tail, int number)
    {
        internal TailPlace Place { get; } = new(number);

        private ResumeToken _known;

        internal PositionWaiters Settlement { get; } = new();

        internal long At { get; set; }

        internal List<long> Seen { get; } = [];

        internal Task Waiting { get; private set; } = Task.CompletedTask;

        internal void Wait(long until = long.MaxValue, CancellationToken cancellationToken = default) =>
            Waiting = tail.WaitAsync(Place, At, until, _known, Settlement, cancellationToken).AsTask();

        internal async Task<List<long>> ReadAsync()
        {
            At = Math.Max(At, Place.Position);
            var positions = new List<long>();
            _known = ResumeToken.Later(_known, Place.Known);
            using var page = await tail.ReadAsync(Place, At + 1, _known, default);
            _known = ResumeToken.Later(_known, page.Token);
            foreach (ref readonly var e in page.Events) positions.Add(e.Position.ToInt64());
            At = page.IsLast ? page.Head.ToInt64() : page.Next - 1;
            Seen.AddRange(positions);
            return positions;
        }
    }

    /// <summary>Counts the pages that are not disposed.</summary>
    private sealed class PageCountingLog(IEventLog log) : DelegatingLog(log)
    {
        private int _alive;

        internal int Alive => Volatile.Read(ref _alive);

        public override async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
        {
            var page = await base.ReadAsync(read, cancellationToken);
            Interlocked.Increment(ref _alive);
            return new Counted(page, this);
        }

        private sealed class Counted : LogPage
        {
            private readonly LogPage _page;
            private PageCountingLog? _log;

            internal Counted(LogPage page, PageCountingLog log)
            {
                (_page, _log) = (page, log);
                (Head, Generation, Next, IsLast) = (page.Head, page.Generation, page.Next, page.IsLast);
            }

            public override ReadOnlySpan<RecordedEvent> Events => _page.Events;

            protected override void Dispose(bool disposing)
            {
                if (Interlocked.Exchange(ref _log, null) is not { } log) return;
                _page.Dispose();
                Interlocked.Decrement(ref log._alive);
            }
        }
    }
}
