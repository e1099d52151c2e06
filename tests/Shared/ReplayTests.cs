using System.Collections.Concurrent;
using System.Globalization;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Replays of any log.</summary>
public abstract class ReplayTests
{
    private FakeTimeProvider _clock = null!;
    private EventStore _store = null!;

    protected abstract IEventLog OpenLog(TimeProvider clock);

    /// <summary>Erases the events of a stream through a version.</summary>
    protected abstract ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion);

    [SetUp]
    public void SetUp()
    {
        _clock = new(Start);
        _store = new(OpenLog(_clock), School.Types);
    }

    [TearDown]
    public async Task TearDown() => await _store.DisposeAsync();

    [Test]
    public async Task Every_event_is_handled_in_order()
    {
        await FillAsync(3000);
        var seen = new List<long>();
        var result = await ReplayAsync(EventQuery.All, seen);
        seen.Should().Equal(Enumerable.Range(1, 3000).Select(i => (long)i));
        result.Should().Be(new ReplayResult(Position(3000), 3000));
    }

    [Test]
    public async Task An_empty_log_is_replayed() => (await ReplayAsync(EventFilter.All, [])).Should().Be(new ReplayResult(GlobalPosition.Start, 0));

    [Test]
    public async Task Ranges_are_exclusive_after_and_inclusive_through()
    {
        await FillAsync(100, minutesBetween: 1);
        (await PositionsAsync(EventFilter.All, AsOf.Position(Position(10)), AsOf.Position(Position(12)))).Should().Equal(11, 12);
        (await PositionsAsync(EventFilter.All, AsOf.Position(Position(10)), AsOf.Position(Position(10)))).Should().BeEmpty();
        (await PositionsAsync(EventFilter.All, AsOf.Position(Position(98)), AsOf.Head)).Should().Equal(99, 100);
        (await PositionsAsync(EventFilter.All, default, AsOf.Time(Start.AddMinutes(2)))).Should().Equal(1, 2, 3);
        (await PositionsAsync(EventFilter.All, AsOf.Time(Start.AddMinutes(97.5)), AsOf.Time(Start.AddYears(1)))).Should().Equal(99, 100);
        (await PositionsAsync(EventFilter.All, default, AsOf.Time(Start.AddMinutes(-1)))).Should().BeEmpty();
        (await PositionsAsync(EventFilter.Stream("note-3"), AsOf.Version(1), AsOf.Version(3))).Should().Equal(13, 23);
        (await PositionsAsync(EventQuery.Of<Noted>().InStream("note-3"), default, AsOf.Version(0))).Should().BeEmpty();
    }

    [Test]
    public async Task Ranges_that_cannot_be_are_refused()
    {
        await FillAsync(20);
        await Refused<PositionOutOfRangeException>(EventFilter.All, AsOf.Position(Position(21)), AsOf.Head);
        await Refused<PositionOutOfRangeException>(EventFilter.All, default, AsOf.Position(Position(21)));
        (await Refused<VersionOutOfRangeException>(EventFilter.Stream("note-3"), default, AsOf.Version(3))).Which.StreamVersion.Should().Be(2);
        await Refused<VersionOutOfRangeException>(EventFilter.Stream("none"), default, AsOf.Version(1));
        (await Refused<ArgumentException>(EventFilter.All, default, AsOf.Version(1))).WithMessage("*version 1*EventFilter.Stream*");
        (await Refused<ArgumentException>(EventFilter.All, AsOf.Position(Position(5)), AsOf.Position(Position(4)))).WithMessage("*position 4*position 5*");
        FluentActions.Invoking(() => AsOf.Version(-1)).Should().Throw<ArgumentOutOfRangeException>();
        foreach (var options in new ReplayOptions[] { new() { Partitions = 0 }, new() { Partitions = 257 }, new() { Speed = 0 }, new() { Speed = double.NaN }, new() { Speed = double.PositiveInfinity } })
            await FluentActions.Awaiting(() => _store.ReplayAsync(EventFilter.All, Ignore, options)).Should().ThrowAsync<ArgumentOutOfRangeException>();
    }

    [Test]
    public async Task Filters_select_by_query_metadata_and_predicate()
    {
        await FillAsync(20);
        await _store.AppendAsync(new Append { Metadata = new() { Actor = "ann" } }.To("course-1", ExpectedVersion.Any, [new CourseDefined("1", 3)]));
        (await PositionsAsync(EventQuery.Of<CourseDefined>())).Should().Equal(21);
        (await PositionsAsync(EventFilter.Actor("ann"))).Should().Equal(21);
        (await PositionsAsync(EventFilter.Where(e => e.Position.ToInt64() % 7 == 0))).Should().Equal(7, 14, 21);
        var raw = new List<long>();
        await _store.ReplayRawAsync(EventFilter.Where(e => e.Version == 2), (e, _) => Add(raw, e.Position));
        raw.Should().Equal(Enumerable.Range(11, 10).Select(i => (long)i));
    }

    [Test]
    public async Task Raw_events_are_not_decoded()
    {
        await _store.Log.AppendAsync(new() { Writes = new[] { new StreamWrite("x", ExpectedVersion.Any, new[] { new LogEvent { Type = "unknown", Data = "{\"a\":1}"u8.ToArray(), IsJson = true } }) } }, default);
        var seen = new List<string>();
        await _store.ReplayRawAsync(EventFilter.All, (e, _) =>
        {
            seen.Add($"{e.Type} {System.Text.Encoding.UTF8.GetString(e.Data.Span)}");
            return Task.CompletedTask;
        });
        seen.Should().Equal("unknown {\"a\":1}");
    }

    [TestCase(1)]
    [TestCase(4)]
    public async Task An_event_that_cannot_be_read_ends_the_replay_after_those_before_it(int partitions)
    {
        await FillAsync(30);
        await _store.Log.AppendAsync(new() { Writes = new[] { new StreamWrite("x", ExpectedVersion.Any, new[] { new LogEvent { Type = "unknown", Data = "{}"u8.ToArray(), IsJson = true } }) } }, default);
        await FillAsync(5);
        var seen = new ConcurrentBag<long>();
        var replaying = () => _store.ReplayAsync(EventFilter.All, (e, _) => Add(seen, e.Position), new() { Partitions = partitions });
        (await replaying.Should().ThrowAsync<UnknownEventTypeException>()).Which.Position.Should().Be(Position(31));
        seen.Order().Should().Equal(Enumerable.Range(1, 30).Select(i => (long)i));
    }

    [TestCase(1, true)]
    [TestCase(1, false)]
    [TestCase(4, true)]
    [TestCase(4, false)]
    public async Task A_handler_that_throws_ends_the_replay_and_its_event_is_named(int partitions, bool throwsLater)
    {
        await FillAsync(3000);
        var seen = new ConcurrentBag<long>();
        var replaying = () => _store.ReplayAsync(EventFilter.All, async (e, _) =>
        {
            if (throwsLater) await Task.Yield();
            if (e.Position == Position(1234)) throw new InvalidOperationException("no");
            seen.Add(e.Position.ToInt64());
        }, new() { Partitions = partitions });
        var error = (await replaying.Should().ThrowAsync<ReplayException>().WithMessage("*position 1234*'noted'*'note-4'*no.*")).Which;
        (error.Position, error.StreamId, error.EventType).Should().Be((Position(1234), new StreamId("note-4"), "noted"));
        error.InnerException.Should().BeOfType<InvalidOperationException>();
        if (partitions == 1) seen.Order().Should().Equal(Enumerable.Range(1, 1233).Select(i => (long)i));
        seen.Where(p => p % 10 == 4).Max().Should().Be(1224);
    }

    [Test]
    public async Task A_predicate_that_throws_is_named_too()
    {
        await FillAsync(20);
        var replaying = () => _store.ReplayAsync(EventFilter.Where(e => e.Position == Position(7) ? throw new InvalidOperationException("no") : true), Ignore);
        (await replaying.Should().ThrowAsync<ReplayException>()).Which.Position.Should().Be(Position(7));
    }

    [TestCase(1)]
    [TestCase(4)]
    public async Task Cancellation_in_the_middle_ends_it(int partitions)
    {
        await FillAsync(3000);
        using var cancel = new CancellationTokenSource();
        var count = 0;
        var replaying = () => _store.ReplayAsync(EventFilter.All, (_, _) =>
        {
            if (Interlocked.Increment(ref count) == 1500) cancel.Cancel();
            return Task.CompletedTask;
        }, new() { Partitions = partitions }, cancel.Token);
        await replaying.Should().ThrowAsync<OperationCanceledException>();
        count.Should().BeInRange(1500, 1500 + partitions);
    }

    [Test]
    public async Task A_cancellation_of_the_handlers_own_is_its_failure()
    {
        await FillAsync(3);
        var replaying = () => _store.ReplayAsync(EventFilter.All, (_, _) => throw new OperationCanceledException());
        (await replaying.Should().ThrowAsync<ReplayException>()).Which.Position.Should().Be(Position(1));
    }

    [Test]
    public async Task Partitions_keep_the_order_of_each_stream_and_handle_streams_at_the_same_time()
    {
        await FillAsync(5000);
        var seen = new ConcurrentDictionary<StreamId, ConcurrentQueue<long>>();
        var (running, most) = (0, 0);
        var random = new Random(7);
        var waits = Enumerable.Range(0, 5001).Select(_ => random.Next(50) == 0).ToArray();
        var result = await _store.ReplayAsync(EventFilter.All, async (e, ct) =>
        {
            var now = Interlocked.Increment(ref running);
            lock (waits) most = Math.Max(most, now);
            if (waits[e.Position.ToInt64()]) await Task.Yield();
            seen.GetOrAdd(e.StreamId, _ => []).Enqueue(e.Version);
            Interlocked.Decrement(ref running);
        }, new() { Partitions = 4 });
        result.Events.Should().Be(5000);
        seen.Should().HaveCount(10);
        foreach (var versions in seen.Values) versions.Should().Equal(Enumerable.Range(1, 500).Select(i => (long)i));
        most.Should().BeInRange(1, 4);
    }

    [Test]
    public async Task A_slow_stream_does_not_hold_up_the_others()
    {
        await FillAsync(40);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var others = new ConcurrentDictionary<StreamId, int>();
        var signal = new Signal();
        // Partitions are chosen by hash: streams that share one with the slow stream wait for it.
        var replaying = _store.ReplayAsync(EventFilter.All, async (e, _) =>
        {
            if (e.StreamId == "note-1") await release.Task;
            others.AddOrUpdate(e.StreamId, 1, (_, count) => count + 1);
            signal.Set();
        }, new() { Partitions = 256 });
        await signal.UntilAsync(() => others.Count(stream => stream.Value == 4) >= 5);
        replaying.IsCompleted.Should().BeFalse();
        release.SetResult();
        (await replaying).Events.Should().Be(40);
    }

    [TestCase(1)]
    [TestCase(3)]
    public async Task Pace_follows_the_recorded_time(int partitions)
    {
        await FillAsync(5, minutesBetween: 60);
        var clock = new TimerClock();
        var (begun, seen) = (clock.GetTimestamp(), new ConcurrentQueue<(long Position, TimeSpan At)>());
        // An hour in a minute.
        var replaying = _store.ReplayAsync(EventFilter.All, (e, _) =>
        {
            seen.Enqueue((e.Position.ToInt64(), clock.GetElapsedTime(begun)));
            return Task.CompletedTask;
        }, new() { Speed = 60, TimeProvider = clock, Partitions = partitions });
        for (var timers = 1; timers <= 4; timers++)
        {
            await clock.TimerSet.UntilAsync(() => clock.Timers == timers);
            if (partitions == 1) seen.Should().HaveCount(timers);
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        (await replaying).Events.Should().Be(5);
        seen.Select(s => s.Position).Order().Should().Equal(1, 2, 3, 4, 5);
        if (partitions == 1) seen.Select(s => s.At.TotalMinutes).Should().Equal(0, 1, 2, 3, 4);
    }

    [Test]
    public async Task A_paced_replay_is_cancelled_while_it_waits()
    {
        await FillAsync(2, minutesBetween: 600_000);
        using var cancel = new CancellationTokenSource();
        var replaying = _store.ReplayAsync(EventFilter.All, (_, _) => cancel.CancelAsync(), new() { Speed = 1e-300, TimeProvider = new FakeTimeProvider() }, cancel.Token);
        await replaying.Awaiting(r => r).Should().ThrowAsync<OperationCanceledException>();
    }

    [Test]
    public async Task Erased_events_are_not_in_it()
    {
        await FillAsync(30);
        await EraseAsync(_store.Log, "note-3", 2);
        (await PositionsAsync(EventFilter.All)).Should().Equal(Enumerable.Range(1, 30).Select(i => (long)i).Except([3, 13]));
        (await PositionsAsync(EventFilter.Stream("note-3"), AsOf.Version(1), AsOf.Version(3))).Should().Equal(23);
        (await PositionsAsync(EventFilter.Stream("note-3"), default, AsOf.Version(2))).Should().BeEmpty();
    }

    [TestCase(1)]
    [TestCase(4)]
    public async Task Progress_rises_to_the_end_of_the_range(int partitions)
    {
        await FillAsync(4000);
        var clock = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromMilliseconds(60) };
        var reports = new Reports();
        await _store.ReplayAsync(EventFilter.All, Ignore, new() { Through = AsOf.Position(Position(3500)), Progress = reports, TimeProvider = clock, Partitions = partitions });
        var all = reports.All.ToList();
        all.Select(p => p.Position).Should().BeInAscendingOrder();
        all[^1].Should().Match<ViewProgress>(p => p.Position == Position(3500) && p.Head == Position(3500) && p.TimeLeft == TimeSpan.Zero);
        all[^1].Rate.Should().BePositive();
    }

    [Test]
    public async Task Appends_of_the_handler_are_not_in_the_same_replay()
    {
        await FillAsync(3);
        (await _store.ReplayAsync(EventFilter.All, async (e, ct) => await _store.AppendAsync("b", ExpectedVersion.Any, [new Noted("again")], ct))).Events.Should().Be(3);
    }

    [Test]
    public async Task A_store_that_is_closed_in_the_middle_ends_it()
    {
        await FillAsync(20_000);
        var replaying = () => _store.ReplayAsync(EventFilter.All, async (e, _) =>
        {
            if (e.Version == 1) await _store.DisposeAsync();
        });
        await replaying.Should().ThrowAsync<ObjectDisposedException>();
    }

    private static DateTimeOffset Start => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static GlobalPosition Position(long number) => GlobalPosition.FromInt64(number);

    private static Task Ignore(EventEnvelope e, CancellationToken ct) => Task.CompletedTask;

    private static Task Add(List<long> seen, GlobalPosition position)
    {
        seen.Add(position.ToInt64());
        return Task.CompletedTask;
    }

    private static Task Add(ConcurrentBag<long> seen, GlobalPosition position)
    {
        seen.Add(position.ToInt64());
        return Task.CompletedTask;
    }

    private Task<ReplayResult> ReplayAsync(EventFilter filter, List<long> seen, ReplayOptions? options = null) => _store.ReplayAsync(filter, (e, _) => Add(seen, e.Position), options);

    private async Task<List<long>> PositionsAsync(EventFilter filter, AsOf after = default, AsOf? through = null)
    {
        var seen = new List<long>();
        (await ReplayAsync(filter, seen, new() { After = after, Through = through ?? AsOf.Head })).Events.Should().Be(seen.Count);
        var raw = new List<long>();
        await _store.ReplayRawAsync(filter, (e, _) => Add(raw, e.Position), new() { After = after, Through = through ?? AsOf.Head, Partitions = 1 });
        raw.Should().Equal(seen);
        return seen;
    }

    private Task<FluentAssertions.Specialized.ExceptionAssertions<T>> Refused<T>(EventFilter filter, AsOf after, AsOf through)
        where T : Exception => FluentActions.Awaiting(() => ReplayAsync(filter, [], new() { After = after, Through = through })).Should().ThrowAsync<T>();

    private async Task FillAsync(int count, double minutesBetween = 0)
    {
        for (var done = 0; done < count;)
        {
            var append = new Append();
            var size = minutesBetween > 0 ? 1 : Math.Min(500, count - done);
            for (var i = 1; i <= size; i++) append.To($"note-{(done + i) % 10}", ExpectedVersion.Any, [new Noted((done + i).ToString(CultureInfo.InvariantCulture))]);
            await _store.AppendAsync(append);
            done += size;
            _clock.Advance(TimeSpan.FromMinutes(minutesBetween));
        }
    }

    private sealed class TimerClock : FakeTimeProvider
    {
        private int _timers;

        internal Signal TimerSet { get; } = new();

        internal int Timers => Volatile.Read(ref _timers);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _timers);
            TimerSet.Set();
            return timer;
        }
    }

    private sealed class Reports : IProgress<ViewProgress>
    {
        internal ConcurrentQueue<ViewProgress> All { get; } = [];

        public void Report(ViewProgress value) => All.Enqueue(value);
    }
}
