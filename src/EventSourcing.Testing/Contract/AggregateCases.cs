namespace EventSourcing.Testing.Contract;

/// <summary>Aggregates: load, save, update.</summary>
internal static class AggregateCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Aggregate_without_events_is_new),
        ContractCase.Of(Aggregate_saved_is_loaded_as_it_was),
        ContractCase.Of(Aggregate_can_be_saved_a_second_time),
        ContractCase.Of(Aggregate_with_nothing_raised_is_not_saved),
        ContractCase.Of(Stale_aggregate_is_not_saved),
        ContractCase.Of(Repeated_save_returns_the_first_result),
        ContractCase.Of(Update_loads_changes_and_saves),
        ContractCase.Of(Update_is_repeated_on_conflict),
        ContractCase.Of(Update_gives_up_after_its_attempts),
        ContractCase.Of(Refused_update_writes_nothing),
        ContractCase.Of(Update_that_raises_nothing_writes_nothing),
        ContractCase.Of(Update_of_a_known_command_changes_nothing),
    ];

    private static AggregateRepository<StockItem> Items(StoreUnderTest store) => store.Store.GetRepository<StockItem>();

    private static async Task Aggregate_without_events_is_new(StoreUnderTest store)
    {
        var item = await Items(store).LoadAsync("a").ConfigureAwait(false);
        Expect.Equal((0, 0L, 0), (item.Count, item.Version, item.Raised.Count), "count, version and raised");
        await Expect.ThrowsAsync<ArgumentException>(() => Items(store).LoadAsync(default).AsTask(), "of no stream").ConfigureAwait(false);
    }

    private static async Task Aggregate_saved_is_loaded_as_it_was(StoreUnderTest store)
    {
        var item = new StockItem();
        item.Add(5);
        item.Take(2);
        Expect.Equal((3, 0L, 2), (item.Count, item.Version, item.Raised.Count), "before the save");
        var result = await Items(store).SaveAsync("a", item, new() { Metadata = new() { Actor = "ann" } }).ConfigureAwait(false);
        Expect.Equal((2L, 2, false), (result!.Value.Version, result.Value.Count, result.Value.WasDuplicate), "the result");
        Expect.Equal((3, 2L, 0), (item.Count, item.Version, item.Raised.Count), "after the save");
        var loaded = await Items(store).LoadAsync("a").ConfigureAwait(false);
        Expect.Equal((3, 2L, 0), (loaded.Count, loaded.Version, loaded.Raised.Count), "loaded");
        var events = await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync("a")).ConfigureAwait(false);
        Expect.Equal<object?>([null, DateTimeOffset.UnixEpoch], events.Select(e => (object?)e.OccurredAt), "the metadata of the events");
        Expect.True(events.TrueForAll(e => e.Actor == "ann"), "the actor");
    }

    private static async Task Aggregate_can_be_saved_a_second_time(StoreUnderTest store)
    {
        var item = new StockItem();
        for (var i = 1; i <= 3; i++)
        {
            item.Add(i);
            await Items(store).SaveAsync("a", item).ConfigureAwait(false);
        }

        Expect.Equal<object>([new Added(1), new Added(2), new Added(3)], await store.DataAsync("a").ConfigureAwait(false), "the stream");
        Expect.Equal(3, item.Version, "the version");
    }

    private static async Task Aggregate_with_nothing_raised_is_not_saved(StoreUnderTest store)
    {
        var item = await Items(store).LoadAsync("a").ConfigureAwait(false);
        Expect.Equal(null, await store.ChangesNothingAsync(() => Items(store).SaveAsync("a", item).AsTask()).ConfigureAwait(false), "the result");
        var remembered = await Items(store).SaveAsync("a", item, new() { CommandId = "c" }).ConfigureAwait(false);
        Expect.Equal((0, 0L), (remembered!.Value.Count, remembered.Value.Version), "the result with a command id");
        Expect.True(await store.Store.FindCommandAsync("c").ConfigureAwait(false) is not null, "the command is remembered");
    }

    private static async Task Stale_aggregate_is_not_saved(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var item = await Items(store).LoadAsync("a").ConfigureAwait(false);
        item.Take(5);
        await store.AppendAsync("a", new Taken(5)).ConfigureAwait(false);
        var refusal = await store.RefusesAsync<WrongExpectedVersionException>(() => Items(store).SaveAsync("a", item).AsTask()).ConfigureAwait(false);
        Expect.Equal((ExpectedVersion.Exactly(1), 2L), (refusal.Expected, refusal.Actual), "expected and found");
        Expect.Equal((1L, 1), (item.Version, item.Raised.Count), "the aggregate keeps what it raised");
    }

    private static async Task Repeated_save_returns_the_first_result(StoreUnderTest store)
    {
        var item = new StockItem();
        item.Add(5);
        var first = await Items(store).SaveAsync("a", item, new() { CommandId = "c" }).ConfigureAwait(false);
        var again = new StockItem();
        again.Add(5);
        var second = await store.ChangesNothingAsync(() => Items(store).SaveAsync("a", again, new() { CommandId = "c" }).AsTask()).ConfigureAwait(false);
        Expect.True(second!.Value.WasDuplicate, "it is a duplicate");
        Expect.Equal(first!.Value.Positions, second.Value.Positions, "positions of the first");
    }

    private static async Task Update_loads_changes_and_saves(StoreUnderTest store)
    {
        await Items(store).UpdateAsync("a", item => item.Add(5)).ConfigureAwait(false);
        var executed = await Items(store).UpdateAsync("a", item => item.Take(2)).ConfigureAwait(false);
        Expect.Equal((3, 2L), (executed.State.Count, executed.State.Version), "the aggregate");
        Expect.Equal((2L, 2L, false), (executed.StreamVersion, executed.Position.ToInt64(), executed.WasDuplicate), "the outcome");
        Expect.Equal<object>([new Added(5), new Taken(2)], await store.DataAsync("a").ConfigureAwait(false), "the stream");
    }

    private static async Task Update_is_repeated_on_conflict(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var appends = 0;
        store.Interrupted.BeforeAppend = () => ++appends <= 2 ? store.Log.AppendAsync("a", Make.Event("added", """{"count":10}""")) : Task.CompletedTask;
        var seen = new List<int>();
        var executed = await Items(store).UpdateAsync("a", item =>
        {
            seen.Add(item.Count);
            item.Take(item.Count);
        }).ConfigureAwait(false);
        Expect.Equal([5, 15, 25], seen, "what each change saw");
        Expect.Equal((0, 4L, 4L), (executed.State.Count, executed.State.Version, executed.StreamVersion), "the outcome");
    }

    private static async Task Update_gives_up_after_its_attempts(StoreUnderTest store)
    {
        var changes = 0;
        store.Interrupted.BeforeAppend = () => store.Log.AppendAsync("a", Make.Event("added", """{"count":1}"""));
        await Expect.ThrowsAsync<WrongExpectedVersionException>(() => Items(store).UpdateAsync("a", item =>
        {
            changes++;
            item.Take(item.Count);
        }, new() { MaxAttempts = 3 }).AsTask(), "the update").ConfigureAwait(false);
        Expect.Equal(3, changes, "changes");
        Expect.True((await store.DataAsync("a").ConfigureAwait(false)).All(e => e is Added), "nothing of it was written");
    }

    private static async Task Refused_update_writes_nothing(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        await store.RefusesAsync<OutOfStockException>(() => Items(store).UpdateAsync("a", item =>
        {
            item.Take(1);
            item.Take(5);
        }, new() { CommandId = "c" }).AsTask()).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentOutOfRangeException>(() => Items(store).UpdateAsync("a", item => item.Take(1), new() { MaxAttempts = 0 }).AsTask()).ConfigureAwait(false);
    }

    private static async Task Update_that_raises_nothing_writes_nothing(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var executed = await store.ChangesNothingAsync(() => Items(store).UpdateAsync("a", _ => { }).AsTask()).ConfigureAwait(false);
        Expect.Equal((5, 1L, 1L, false), (executed.State.Count, executed.StreamVersion, executed.Position.ToInt64(), executed.WasDuplicate), "the outcome");
    }

    private static async Task Update_of_a_known_command_changes_nothing(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var options = new ExecuteOptions { CommandId = "c", Fingerprint = new byte[] { 1 } };
        await Items(store).UpdateAsync("a", item => item.Take(2), options).ConfigureAwait(false);
        await Items(store).UpdateAsync("a", item => item.Take(3)).ConfigureAwait(false);
        var again = await store.ChangesNothingAsync(() =>
            Items(store).UpdateAsync("a", _ => throw new InvalidOperationException("changed again"), options).AsTask()).ConfigureAwait(false);
        Expect.Equal((3, 2L, 2L, 2L, true), (again.State.Count, again.State.Version, again.StreamVersion, again.Position.ToInt64(), again.WasDuplicate), "the outcome of the first time");
        await store.RefusesAsync<CommandIdConflictException>(() => Items(store).UpdateAsync("a", item => item.Add(1), new() { CommandId = "c", Fingerprint = new byte[] { 2 } }).AsTask()).ConfigureAwait(false);
    }
}
