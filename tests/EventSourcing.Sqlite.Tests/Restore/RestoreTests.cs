using System.Collections.Concurrent;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Restore;

/// <summary>An older state of a log is brought back, and other events are stored under the same positions and, as the clock stands still, under the same ids.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase), Parallelizable(ParallelScope.All)]
public sealed class RestoreTests : IDisposable
{
    private const int Kept = 1500, Lost = 3000, After = 3100;

    private readonly TemporaryFile _file = new();
    private readonly Signal _changed = new();

    private string Backup => Path.Combine(_file.Folder, "backup.db");

    public void Dispose() => _file.Dispose();

    [Test]
    public async Task The_other_events_have_the_same_positions_and_ids_and_other_marks()
    {
        await using var store = Open();
        var before = await HistoryAsync(store);
        await RestoreInPlaceAsync(store);
        var after = await AllAsync(store);
        after.Take(Kept).Select(e => e.Token).Should().Equal(before.Take(Kept).Select(e => e.Token));
        after.Skip(Kept).Take(Lost - Kept).Select(e => (e.Position, e.Id)).Should().Equal(before.Skip(Kept).Select(e => (e.Position, e.Id)), "the test shows nothing otherwise");
        after.Skip(Kept).Zip(before.Skip(Kept), (a, b) => a.Mark == b.Mark).Should().AllBeEquivalentTo(false);
    }

    [Test]
    public async Task A_reader_says_so_at_its_next_page([Values] ReadDirection direction)
    {
        await using var store = Open();
        await HistoryAsync(store);
        var read = async () =>
        {
            var seen = 0;
            await foreach (var _ in store.ReadAllAsync(options: new() { Direction = direction }))
                if (++seen == 2000) await RestoreInPlaceAsync(store);
        };
        await read.Should().ThrowAsync<LogDivergedException>();
    }

    [Test]
    public async Task A_reader_of_a_stream_says_so_at_its_next_page([Values] ReadDirection direction)
    {
        await using var store = Open();
        await HistoryAsync(store);
        var read = async () =>
        {
            var seen = 0;
            await foreach (var _ in store.ReadStreamAsync("a", new() { Direction = direction }))
                if (++seen == 2000) await RestoreInPlaceAsync(store);
        };
        await read.Should().ThrowAsync<LogDivergedException>();
    }

    [Test]
    public async Task A_reader_within_the_kept_part_continues_with_what_the_log_holds_now()
    {
        await using var store = Open();
        await HistoryAsync(store);
        var seen = new List<string>();
        await foreach (var e in store.ReadAllAsync())
        {
            seen.Add(((Noted)e.Data).Text);
            if (seen.Count == 500) await RestoreInPlaceAsync(store);
        }

        seen.Should().Equal(Enumerable.Range(1, Lost).Select(i => i <= Kept ? $"first {i}" : $"second {i}"), "what was read belongs to both histories");
    }

    [Test]
    public async Task A_fold_says_so_at_its_next_page()
    {
        await using var store = Open();
        await HistoryAsync(store);
        var fold = () => store.FoldAsync(EventQuery.All, () => 0, (count, _) =>
        {
            if (count == 2000) RestoreInPlace();
            return count + 1;
        }).AsTask();
        await fold.Should().ThrowAsync<LogDivergedException>();
    }

    [Test]
    public async Task A_durable_subscription_is_faulted_and_resumed_misses_nothing([Values] bool isGroup)
    {
        await using var store = Open();
        await using var subscriber = new EventBus(store);
        subscriber.StateChanged += (_, _, _) => _changed.Set();
        var seen = new ConcurrentQueue<long>();
        var subscription = await subscriber.SubscribeAsync("s", SubscriptionHandler.RawEach((e, _, _) =>
        {
            seen.Enqueue(e.Position.ToInt64());
            return Task.CompletedTask;
        }), new() { IsPartitioned = isGroup, CheckpointEvery = 100, CheckpointAfter = TimeSpan.Zero });
        await HistoryAsync(store, () => subscription.WaitForPositionAsync(At(Kept)));
        await subscription.WaitForPositionAsync(At(Lost));

        await RestoreInPlaceAsync(store);

        await _changed.UntilAsync(() => subscription.State == SubscriptionState.Faulted);
        (await subscription.GetStatusAsync()).StateCause.Should().BeOfType<LogDivergedException>();
        seen.Clear();
        await ResumeAllAsync(subscription);
        await subscription.WaitForPositionAsync(At(After)).WaitAsync(Signal.Patience);
        seen.Should().Contain(Enumerable.Range(Kept + 1, After - Kept).Select(i => (long)i), "every event of the history that the log has now is handled");
    }

    [Test]
    public async Task A_live_subscription_is_faulted()
    {
        await using var store = Open();
        await HistoryAsync(store);
        await using var bus = new EventBus(store);
        var seen = new ConcurrentQueue<long>();
        await using var listener = await bus.SubscribeLiveAsync(EventFilter.All, e =>
        {
            seen.Enqueue(e.Position.ToInt64());
            _changed.Set();
            return Task.CompletedTask;
        }, new() { From = StartFrom.After(At(Lost - 10)) });
        await _changed.UntilAsync(() => seen.Count == 10 && listener.IsLive);

        await RestoreInPlaceAsync(store);

        await UntilAsync(() => listener.IsFaulted);
        listener.LastError.Should().BeOfType<LogDivergedException>();
        seen.Should().HaveCount(10);
    }

    [Test]
    public async Task A_writer_continues_after_the_restored_head_with_the_versions_of_the_file()
    {
        await using var store = Open();
        await HistoryAsync(store);
        RestoreInPlace();
        (await store.GetHeadAsync()).Should().Be(At(Kept));
        var result = await store.AppendAsync("a", ExpectedVersion.Exactly(Kept), [new Noted("next")]);
        (result.LastPosition, result.Version).Should().Be((At(Kept + 1), Kept + 1L));
    }

    // The names of streams that only one of the histories has are interned under the same numbers.
    [Test]
    public async Task Readers_forget_names_that_the_restored_file_gives_to_others()
    {
        await using var store = Open();
        await store.AppendAsync("a", ExpectedVersion.Any, [new Noted("0")]);
        await LogOf(store).BackupAsync(Backup);
        await store.AppendAsync("old", ExpectedVersion.Any, [new Noted("old")]);
        (await TextsAsync(store, "old")).Should().Equal("old");
        RestoreInPlace();
        await store.AppendAsync("new", ExpectedVersion.Any, [new Noted("new")]);
        (await TextsAsync(store, "old")).Should().BeEmpty();
        (await TextsAsync(store, "new")).Should().Equal("new");
        (await AllAsync(store)).Select(e => e.StreamId.Value).Should().Equal("a", "new");
    }

    [Test]
    public async Task Another_log_restored_into_the_open_file_is_refused()
    {
        await using (var other = SqliteEventStore.Open(Path.Combine(_file.Folder, "other.db"), School.Types))
        {
            await other.AppendAsync("x", ExpectedVersion.Any, [new Noted("x")]);
            await LogOf(other).BackupAsync(Backup);
        }

        await using var store = Open();
        await store.AppendAsync("a", ExpectedVersion.Any, [new Noted("0")]);
        RestoreInPlace();
        var append = () => store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]).AsTask();
        await append.Should().ThrowAsync<StoreConfigurationException>().WithMessage("*Another log*");
        var read = () => AllAsync(store);
        await read.Should().ThrowAsync<StoreConfigurationException>().WithMessage("*Another log*");
    }

    [Test]
    public async Task What_is_kept_outside_is_refused([Values] bool isInPlace)
    {
        ResumeToken token;
        await using (var store = Open())
        {
            var before = await HistoryAsync(store);
            token = before[2000].Token;
            if (isInPlace) await RestoreInPlaceAsync(store);
        }

        if (!isInPlace) RestoreClosed();
        await using var restored = Open();
        if (!isInPlace) await OtherHistoryAsync(restored);

        // A feed's cursor, a condition of a client, a start.
        await FluentActions.Awaiting(() => restored.ReadAllAsync(options: new() { AfterToken = token }).GetAsyncEnumerator().MoveNextAsync().AsTask()).Should().ThrowAsync<LogDivergedException>();
        await FluentActions.Awaiting(() => restored.AppendAsync(new Append().To("b", ExpectedVersion.Any, [new Noted("b")]).FailIf(EventQuery.All.Tagged("no", "1"), token)).AsTask()).Should().ThrowAsync<LogDivergedException>();
        await using var subscriber = new EventBus(restored);
        subscriber.StateChanged += (_, _, _) => _changed.Set();
        await FluentActions.Awaiting(() => subscriber.SubscribeAsync("after", Nothing, new() { From = StartFrom.After(token) })).Should().ThrowAsync<LogDivergedException>();

        // A subscription whose checkpoint lies with the user.
        var outside = await subscriber.SubscribeAsync("outside", Nothing, new() { LoadToken = (_, _) => Task.FromResult<ResumeToken?>(token) });
        await _changed.UntilAsync(() => outside.State == SubscriptionState.Faulted);
        (await outside.GetStatusAsync()).StateCause.Should().BeOfType<LogDivergedException>();

        // Another log that has read from this one.
        await using var sink = new EventStore(new InMemoryEventLog(), School.Types);
        await sink.AppendAsync(new Append().To("copy", ExpectedVersion.Any, [new Noted("copy")]).Track("orders", token));
        var tracked = (await sink.FindTrackingAsync("orders"))!;
        await FluentActions.Awaiting(() => restored.ReadAllAsync(options: new() { AfterToken = tracked.Token }).GetAsyncEnumerator().MoveNextAsync().AsTask()).Should().ThrowAsync<LogDivergedException>();

        // What both histories share is resumed with as ever.
        (await AllAsync(restored, (await AllAsync(restored))[Kept - 1].Token)).Should().HaveCount(After - Kept);
    }

    [Test]
    public async Task Token_of_an_erased_event_is_compared_with_what_is_kept_of_it()
    {
        await using var store = Open();
        await store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        var token = (await store.AppendAsync("b", ExpectedVersion.Any, [new Noted("2")])).ResumeToken;
        await store.AppendAsync("a", ExpectedVersion.Any, [new Noted("3")]);
        await EraseAsync(store, "b");
        (await AllAsync(store, token)).Select(e => e.Position.ToInt64()).Should().Equal(3);
        (await LogOf(store).FindTokenAsync(ResumeToken.Unverified(token.Position))).Should().Be(token);
        var other = ResumeToken.Of(token.Position, token.EventId, token.Mark ^ 1);
        await FluentActions.Awaiting(() => AllAsync(store, other)).Should().ThrowAsync<LogDivergedException>();
        await EraseAsync(store, "a");
        (await store.GetHeadTokenAsync()).Position.Should().Be(At(3), "the head lies among erased events");
        (await store.GetHeadTokenAsync()).IsVerifiable.Should().BeTrue();
        (await store.AppendAsync(new Append { CommandId = "c" })).ResumeToken.Should().Be(await store.GetHeadTokenAsync());
    }

    private static readonly SubscriptionHandler Nothing = SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask);

    private static GlobalPosition At(long position) => GlobalPosition.FromInt64(position);

    private static SqliteEventLog LogOf(EventStore store) => (SqliteEventLog)store.Log;

    private EventStore Open() => SqliteEventStore.Open(_file.Path, School.Types, new() { TimeProvider = new StillClock() });

    private static async Task EraseAsync(EventStore store, StreamId stream) => await LogOf(store).EraseAsync(stream, 100, "test");

    /// <summary>Stores 1,500 events, takes the backup, and stores 1,500 more.</summary>
    private async Task<List<RecordedEvent>> HistoryAsync(EventStore store, Func<Task>? beforeBackup = null)
    {
        await AppendAsync(store, "first", 1, Kept);
        if (beforeBackup is not null) await beforeBackup();
        await LogOf(store).BackupAsync(Backup);
        await AppendAsync(store, "first", Kept + 1, Lost);
        return await AllAsync(store);
    }

    private async Task RestoreInPlaceAsync(EventStore store)
    {
        RestoreInPlace();
        await OtherHistoryAsync(store);
    }

    private static Task OtherHistoryAsync(EventStore store) => AppendAsync(store, "second", Kept + 1, After);

    // The library's own ids, and every tenth one given by the caller: the same in both histories.
    private static async Task AppendAsync(EventStore store, string text, int first, int last)
    {
        for (var i = first; i <= last; i += 100)
        {
            var events = Enumerable.Range(i, Math.Min(100, last - i + 1)).Select(n => new EventData(new Noted($"{text} {n}")) { Id = n % 10 == 0 ? new Guid(n, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8) : null });
            await store.AppendAsync("a", ExpectedVersion.Any, events);
        }
    }

    // What `.restore` of the sqlite3 shell does.
    private void RestoreInPlace()
    {
        using var source = new SqliteConnection($"Data Source={Backup};Mode=ReadOnly;Pooling=False");
        using var target = new SqliteConnection($"Data Source={_file.Path};Pooling=False");
        source.Open();
        target.Open();
        // As the shell does, it waits for its turn to write: leases are renewed meanwhile.
        using var patience = target.CreateCommand();
        patience.CommandText = "PRAGMA busy_timeout = 30000";
        patience.ExecuteNonQuery();
        source.BackupDatabase(target);
    }

    private void RestoreClosed()
    {
        File.Delete(_file.Path + "-wal");
        File.Delete(_file.Path + "-shm");
        File.Copy(Backup, _file.Path, overwrite: true);
    }

    private static async Task ResumeAllAsync(Subscription subscription)
    {
        // The partitions of a group that have not met it yet are faulted when they do.
        for (var until = DateTime.UtcNow + Signal.Patience; DateTime.UtcNow < until && subscription.State == SubscriptionState.Faulted;)
        {
            await subscription.ResumeAsync();
            await Task.Delay(200);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var until = DateTime.UtcNow + Signal.Patience; DateTime.UtcNow < until; await Task.Delay(20))
            if (condition()) return;
        Assert.Fail("waited too long");
    }

    private static async Task<List<RecordedEvent>> AllAsync(EventStore store, ResumeToken after = default)
    {
        var events = new List<RecordedEvent>();
        await foreach (var e in store.Log.ReadEventsAsync(new AllRead { AfterPosition = after.Position, Token = after })) events.Add(e);
        return events;
    }

    private static async Task<List<string>> TextsAsync(EventStore store, StreamId stream)
    {
        var texts = new List<string>();
        await foreach (var e in store.ReadStreamAsync(stream)) texts.Add(((Noted)e.Data).Text);
        return texts;
    }

    private sealed class StillClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }
}
