using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Reactions: an event leads to a command, exactly once.</summary>
internal static class ReactionCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Reaction_sends_its_command_and_the_event_is_the_cause),
        ContractCase.Of(Crash_between_command_and_checkpoint_leaves_one_effect),
        ContractCase.Of(Many_redeliveries_leave_one_effect),
        ContractCase.Of(Reaction_without_a_command_continues),
        ContractCase.Of(Command_without_effect_is_decided_once),
        ContractCase.Of(Several_commands_of_an_event_are_executed_once_each_although_one_is_refused_at_first),
        ContractCase.Of(Several_commands_that_differ_on_redelivery_are_refused),
        ContractCase.Of(Single_command_that_differs_on_redelivery_returns_the_first_result),
        ContractCase.Of(Refused_command_pauses_the_reaction_until_it_is_resumed),
        ContractCase.Of(Refused_command_parks_its_event_and_is_sent_once_when_it_is_retried),
        ContractCase.Of(Reaction_with_another_name_is_another_reaction),
        ContractCase.Of(Command_id_is_derived_from_name_and_event_and_never_changes),
        ContractCase.Of(Reaction_needs_a_command_bus),
    ];

    private static readonly SubscriptionOptions Pausing = new() { OnFailure = new() { MaxRetryAttempts = 2, Delay = TimeSpan.Zero } };

    /// <summary>Takes items from a stream's stock, and counts the decisions.</summary>
    private sealed class Warehouse(IEventStore store)
    {
        private int _decided;

        internal int Decided => Volatile.Read(ref _decided);

        internal ICommandBus Commands => field ??= new CommandBus(store, handlers => handlers.Add(CaseJson.Default.Take, async (command, context, cancellationToken) =>
        {
            Interlocked.Increment(ref _decided);
            var stock = await context.LoadAsync<Stock>(command.Stream, cancellationToken).ConfigureAwait(false);
            return command.Count == 0 ? [] : stock.Take(command.Count).Select(e => EventData.For(command.Stream, e));
        }));
    }

    private static async Task ReactingAsync(StoreUnderTest store, Warehouse warehouse, Func<EventBus, Task> body, IEventStore? on = null, EventBusOptions? options = null)
    {
        var bus = On(store.Log, on ?? store.Store, options, warehouse.Commands);
        await using (bus.ConfigureAwait(false)) await body(bus).ConfigureAwait(false);
    }

    private static async Task HandledAsync(StoreUnderTest store, Subscription subscription) =>
        await subscription.WaitForPositionAsync(await store.Store.GetHeadAsync().ConfigureAwait(false)).WaitAsync(Patience).ConfigureAwait(false);

    private static async Task<int> CountAsync(StoreUnderTest store, StreamId stream) =>
        (await store.Store.LoadAsync<Stock>(stream).ConfigureAwait(false)).State.Count;

    /// <summary>The items that are taken when some were added to a stream.</summary>
    private static Take TakeOne(Added added, EventEnvelope e) => new Take(e.StreamId.Value, 1);

    private static async Task Reaction_sends_its_command_and_the_event_is_the_cause(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync(new Append { CommandId = "stock-up", Metadata = new() { Actor = "ann" } }.To("stock", ExpectedVersion.Any, [new Added(10)])).ConfigureAwait(false);
        await ReactingAsync(store, warehouse, async bus =>
            await HandledAsync(store, await bus.ReactAsync<Added, Take>("take-one", TakeOne).ConfigureAwait(false)).ConfigureAwait(false)).ConfigureAwait(false);

        var events = await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync("stock")).ConfigureAwait(false);
        Expect.Equal([new Added(10), new Taken(1)], events.Select(e => e.Data), "the events");
        Expect.Equal((events[0].EventId.ToString(), events[0].EventId.ToString(), "ann"), (events[1].CausationId, events[1].CorrelationId, events[1].Actor), "what the command's event takes from the cause");
        Expect.Equal(["0 added", "1 taken"], (await store.Store.GetCausationTreeAsync("stock-up").ConfigureAwait(false)).Flatten().Select(n => $"{n.Depth} {n.Event.Type}"), "the trace");
    }

    private static async Task Crash_between_command_and_checkpoint_leaves_one_effect(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("stock", new Added(10)).ConfigureAwait(false);
        var options = new EventBusOptions { LeaseTimeout = TimeSpan.FromMilliseconds(100) };
        for (var crash = 1; crash <= 5; crash++)
        {
            // The bus's store dies while the command is under way: neither checkpoint nor lease is written from then on.
            var dying = new InterruptedLog(store.Log.Log);
            var died = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await ReactingAsync(store, warehouse, async bus =>
            {
                await bus.ReactAsync<Added, Take>("take-one", (added, e) =>
                {
                    dying.BeforeWrite = () => throw new ObjectDisposedException("the process");
                    died.TrySetResult();
                    return TakeOne(added, e);
                }).ConfigureAwait(false);
                await died.Task.WaitAsync(Patience).ConfigureAwait(false);
            }, new EventStore(dying, CaseEvents.Types), options).ConfigureAwait(false);
        }

        Expect.Equal(0, await CheckpointAsync(store.Log, "take-one").ConfigureAwait(false), "the checkpoint after the crashes");
        await ReactingAsync(store, warehouse, async bus =>
            await HandledAsync(store, await bus.ReactAsync<Added, Take>("take-one", TakeOne).ConfigureAwait(false)).ConfigureAwait(false), options: options).ConfigureAwait(false);
        Expect.Equal((9, 1), (await CountAsync(store, "stock").ConfigureAwait(false), warehouse.Decided), "what is left, and how often it was decided");
    }

    private static async Task Many_redeliveries_leave_one_effect(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("stock", new Added(10), new Added(10)).ConfigureAwait(false);
        var delivered = 0;
        await ReactingAsync(store, warehouse, async bus =>
        {
            var subscription = await bus.ReactAsync<Added, Take>("take-one", (added, e) =>
            {
                delivered++;
                return TakeOne(added, e);
            }).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
            for (var i = 0; i < 100; i++)
            {
                await subscription.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
                await HandledAsync(store, subscription).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        Expect.Equal((202, 2, 18), (delivered, warehouse.Decided, await CountAsync(store, "stock").ConfigureAwait(false)), "deliveries, decisions, what is left");
    }

    private static async Task Reaction_without_a_command_continues(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        var last = await store.AppendAsync("stock", new Added(1), new Added(20)).ConfigureAwait(false);
        await ReactingAsync(store, warehouse, async bus =>
        {
            await HandledAsync(store, await bus.ReactAsync<Added, Take>("large", (added, e) => added.Count > 10 ? TakeOne(added, e) : null).ConfigureAwait(false)).ConfigureAwait(false);
            await HandledAsync(store, await bus.ReactManyAsync<Added, Take>("never", (_, _) => []).ConfigureAwait(false)).ConfigureAwait(false);
        }).ConfigureAwait(false);
        Expect.Equal((20, 1), (await CountAsync(store, "stock").ConfigureAwait(false), warehouse.Decided), "what is left, and the decisions");
        Expect.True(await CheckpointAsync(store.Log, "never").ConfigureAwait(false) >= last.LastPosition.ToInt64(), "the checkpoint of the one that never reacts");
    }

    private static async Task Command_without_effect_is_decided_once(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("stock", new Added(1)).ConfigureAwait(false);
        await ReactingAsync(store, warehouse, async bus =>
        {
            var subscription = await bus.ReactAsync<Added, Take>("nothing", (_, e) => new Take(e.StreamId.Value, 0)).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
            await subscription.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
        }).ConfigureAwait(false);
        Expect.Equal(1, warehouse.Decided, "the decisions");
    }

    private static async Task Several_commands_of_an_event_are_executed_once_each_although_one_is_refused_at_first(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("plenty", new Added(10)).ConfigureAwait(false);
        await ReactingAsync(store, warehouse, async bus =>
        {
            // The second of three commands takes items that are not in stock yet.
            var subscription = await bus.ReactManyAsync<Added, Take>(
                "all", (_, _) => [new Take("plenty", 1), new Take("scarce", 2), new Take("plenty", 3)],
                new() { Filter = EventQuery.Of<Added>().InStream("plenty"), OnFailure = Pausing.OnFailure }).ConfigureAwait(false);
            await store.Log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            Expect.Equal(9, await CountAsync(store, "plenty").ConfigureAwait(false), "what is left after the first command, sent three times");
            await store.AppendAsync("scarce", new Added(2)).ConfigureAwait(false);
            await subscription.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
        }).ConfigureAwait(false);
        Expect.Equal((6, 0), (await CountAsync(store, "plenty").ConfigureAwait(false), await CountAsync(store, "scarce").ConfigureAwait(false)), "what is left");
    }

    private static async Task Several_commands_that_differ_on_redelivery_are_refused(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("stock", new Added(10)).ConfigureAwait(false);
        Take[] commands = [new Take("stock", 1), new Take("stock", 2)];
        await ReactingAsync(store, warehouse, async bus =>
        {
            var subscription = await bus.ReactManyAsync<Added, Take>("changing", (_, _) => commands, Pausing).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
            commands = [commands[1]];
            await subscription.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
            await store.Log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            Expect.True((await subscription.GetStatusAsync().ConfigureAwait(false)).LastError?.InnerException is CommandIdConflictException, "the error reports another command");
        }).ConfigureAwait(false);
        Expect.Equal(7, await CountAsync(store, "stock").ConfigureAwait(false), "what is left");
    }

    private static async Task Single_command_that_differs_on_redelivery_returns_the_first_result(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("stock", new Added(10)).ConfigureAwait(false);
        var count = 1;
        await ReactingAsync(store, warehouse, async bus =>
        {
            var subscription = await bus.ReactAsync<Added, Take>("changing", (_, _) => new Take("stock", count), Pausing).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
            count = 2;
            await subscription.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
        }).ConfigureAwait(false);
        Expect.Equal(9, await CountAsync(store, "stock").ConfigureAwait(false), "what is left");
    }

    private static async Task Refused_command_pauses_the_reaction_until_it_is_resumed(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        var cause = await store.AppendAsync("stock", new Added(1)).ConfigureAwait(false);
        await ReactingAsync(store, warehouse, async bus =>
        {
            var subscription = await bus.ReactAsync<Added, Take>(
                "two", (_, e) => new Take(e.StreamId.Value, 2), new() { Filter = EventQuery.Of<Added>().InStream("stock"), OnFailure = Pausing.OnFailure }).ConfigureAwait(false);
            await store.Log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            var error = (await subscription.GetStatusAsync().ConfigureAwait(false)).LastError as SubscriptionException;
            Expect.Equal((cause.LastPosition, 3, true), (error?.Position ?? default, error?.Attempts ?? 0, error?.InnerException is OutOfStockException), "position, attempts and reason");
            Expect.Equal(3, warehouse.Decided, "the decisions until then");
            // One item is returned; nothing reacts to that.
            await store.AppendAsync("stock", new Taken(-1)).ConfigureAwait(false);
            await subscription.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
        }).ConfigureAwait(false);
        Expect.Equal(0, await CountAsync(store, "stock").ConfigureAwait(false), "what is left");
    }

    private static async Task Refused_command_parks_its_event_and_is_sent_once_when_it_is_retried(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("poor", new Added(1)).ConfigureAwait(false);
        await store.AppendAsync("rich", new Added(3)).ConfigureAwait(false);
        await ReactingAsync(store, warehouse, async bus =>
        {
            var subscription = await bus.ReactAsync<Added, Take>(
                "two", (_, e) => new Take(e.StreamId.Value, 2), new() { OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park } }).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
            Expect.Equal([1], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
            Expect.Equal(1, await CountAsync(store, "rich").ConfigureAwait(false), "what is left of the other stream");
            await store.AppendAsync("poor", new Taken(-1)).ConfigureAwait(false);
            Expect.Equal(1, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "handled by the retry");
            await subscription.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
            await HandledAsync(store, subscription).ConfigureAwait(false);
        }).ConfigureAwait(false);
        Expect.Equal((0, 1), (await CountAsync(store, "poor").ConfigureAwait(false), await CountAsync(store, "rich").ConfigureAwait(false)), "what is left");
        var events = await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync("poor")).ConfigureAwait(false);
        Expect.Equal(events[0].EventId.ToString(), events[^1].CausationId, "the cause of what the retry did");
    }

    private static async Task Reaction_with_another_name_is_another_reaction(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("stock", new Added(10)).ConfigureAwait(false);
        foreach (var name in new[] { "old", "new", "old" })
            await ReactingAsync(store, warehouse, async bus =>
                await HandledAsync(store, await bus.ReactAsync<Added, Take>(name, TakeOne).ConfigureAwait(false)).ConfigureAwait(false)).ConfigureAwait(false);
        Expect.Equal(8, await CountAsync(store, "stock").ConfigureAwait(false), "what is left");
    }

    private static async Task Command_id_is_derived_from_name_and_event_and_never_changes(StoreUnderTest store)
    {
        var warehouse = new Warehouse(store.Store);
        await store.AppendAsync("stock", new EventData(new Added(10)).WithId(new("919108f7-52d1-4320-9bac-f847db4148a8"))).ConfigureAwait(false);
        await ReactingAsync(store, warehouse, async bus =>
            await HandledAsync(store, await bus.ReactManyAsync<Added, Take>("ship-when-paid", (_, _) => [new Take("stock", 1), new Take("stock", 2)]).ConfigureAwait(false)).ConfigureAwait(false)).ConfigureAwait(false);
        var commands = await store.Log.Log.ReadRecordsAsync(RecordKind.Command, "", null, 10, CancellationToken.None).ConfigureAwait(false);
        Expect.Equal(["6c279c31-d0ae-8014-9006-d3645306d07c", "7e2d655e-52cd-8d71-90f7-9c33b6e44f5f"], commands.Select(c => c.Key), "the ids of the commands");
    }

    private static async Task Reaction_needs_a_command_bus(StoreUnderTest store)
    {
        var bus = new EventBus(store.Store);
        await using (bus.ConfigureAwait(false))
            await Expect.ThrowsAsync<InvalidOperationException>(() => bus.ReactAsync<Added, Take>("take-one", TakeOne), "a reaction on a bus without commands").ConfigureAwait(false);
    }
}
