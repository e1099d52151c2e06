using System.Collections.Concurrent;
using System.Diagnostics;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Events that handlers append have the handled event as their cause, in durable and live subscriptions.</summary>
internal static class HandlingCases
{
    private static readonly EventQuery Counted = EventQuery.Of<Added>();

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Append_in_a_handler_has_causation_correlation_and_actor_of_its_event),
        ContractCase.Of(Causation_tree_shows_the_chain_through_subscriptions),
        ContractCase.Of(Retried_parked_event_is_the_cause_of_what_its_handler_appends),
        ContractCase.Of(Batch_sets_no_cause_unless_its_handler_begins_a_scope),
        ContractCase.Of(Task_left_running_by_a_handler_keeps_its_event),
        ContractCase.Of(Ambient_context_of_the_starter_does_not_flow_into_handlers),
        ContractCase.Of(Append_encoded_in_an_effect_has_its_event_as_cause, LogCapabilities.UserWork),
        ContractCase.Of(Append_in_a_user_transaction_has_the_event_of_its_caller_as_cause, LogCapabilities.UserWork),
        ContractCase.Of(Append_in_a_user_transaction_has_the_trace_of_its_caller, LogCapabilities.UserWork),
    ];

    private static async Task WaitAsync(EventBus bus, GlobalPosition position)
    {
        foreach (var subscription in bus.Subscriptions) await subscription.WaitForPositionAsync(position).WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Append_in_a_handler_has_causation_correlation_and_actor_of_its_event(StoreUnderTest store)
    {
        async ValueTask FollowAsync(string stream)
        {
            await Task.Yield();
            await store.AppendAsync(stream, new Taken(1)).ConfigureAwait(false);
            store.Log.Changed.Set();
        }

        var bus = On(store.Log, store.Store);
        await using (bus.ConfigureAwait(false))
        {
            SubscriptionOptions options = new() { Filter = Counted };
            await bus.SubscribeAsync("each", SubscriptionHandler.Each((_, _, _) => FollowAsync("by-each").AsTask()), options).ConfigureAwait(false);
            await bus.SubscribeAsync("raw", SubscriptionHandler.RawEach((_, _, _) => FollowAsync("by-raw").AsTask()), options).ConfigureAwait(false);
            await bus.SubscribeAsync<Added>("typed", (_, _, _) => FollowAsync("by-type").AsTask()).ConfigureAwait(false);
            await bus.SubscribeAsync("enlisting", SubscriptionHandler.Each((_, delivery, _) =>
            {
                delivery.Append("by-delivery", ExpectedVersion.Any, [new Taken(1)]);
                return Task.CompletedTask;
            }), options).ConfigureAwait(false);
            await bus.SubscribeLiveAsync(EventFilter.Of<Added>(), (_, _) => FollowAsync("by-live").AsTask()).ConfigureAwait(false);
            await bus.SubscribeLiveRawAsync(EventFilter.Of<Added>(), (_, _) => FollowAsync("by-live-raw").AsTask()).ConfigureAwait(false);

            await store.AppendAsync(new Append { Metadata = new() { CorrelationId = "op", Actor = "ann" } }.To("s", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
            var last = await store.AppendAsync("s", new Added(2)).ConfigureAwait(false);
            await WaitAsync(bus, last.LastPosition).ConfigureAwait(false);
            await store.Log.Changed.UntilAsync(() => bus.LiveSubscriptions.All(l => l.Handled == 2), "the live subscriptions are done").ConfigureAwait(false);
        }

        var causes = await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync("s")).ConfigureAwait(false);
        (string?, string?, string?)[] expected =
        [
            (causes[0].EventId.ToString(), "op", "ann"),
            (causes[1].EventId.ToString(), causes[1].EventId.ToString(), null),
        ];
        foreach (var stream in new[] { "by-each", "by-raw", "by-type", "by-delivery", "by-live", "by-live-raw" })
            Expect.Equal(expected, (await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync(stream)).ConfigureAwait(false)).Select(e => (e.CausationId, e.CorrelationId, e.Actor)), stream);
    }

    private static async Task Append_encoded_in_an_effect_has_its_event_as_cause(StoreUnderTest store)
    {
        var encoded = new ConcurrentQueue<LogAppend>();
        var bus = On(store.Log, store.Store);
        await using (bus.ConfigureAwait(false))
        {
            await bus.SubscribeAsync("effective", SubscriptionHandler.RawEach((_, delivery, _) =>
            {
                delivery.Enlist<object>(_ => encoded.Enqueue(store.Store.Encode(new Append().To("by-effect", ExpectedVersion.Any, [new Taken(1)]))));
                return Task.CompletedTask;
            })).ConfigureAwait(false);
            await store.AppendAsync(new Append { Metadata = new() { CorrelationId = "op", Actor = "ann" } }.To("s", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
            await WaitAsync(bus, (await store.AppendAsync("s", new Added(2)).ConfigureAwait(false)).LastPosition).ConfigureAwait(false);
        }

        foreach (var append in encoded) await store.Log.AppendAsync(append).ConfigureAwait(false);
        var causes = await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync("s")).ConfigureAwait(false);
        var effects = await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync("by-effect")).ConfigureAwait(false);
        Expect.Equal(causes.Select(c => c.EventId.ToString()), effects.Select(e => e.CausationId!), "the causes");
        Expect.Equal(["ann", "nobody"], effects.Select(e => e.Actor ?? "nobody"), "the actors");
    }

    private static async Task Causation_tree_shows_the_chain_through_subscriptions(StoreUnderTest store)
    {
        var bus = On(store.Log, store.Store);
        await using (bus.ConfigureAwait(false))
        {
            await bus.SubscribeAsync<Added>("first", async (added, _, _) => await store.AppendAsync("taken", new Taken(added.Count)).ConfigureAwait(false)).ConfigureAwait(false);
            await bus.SubscribeAsync<Taken>("second", async (taken, _, _) => await store.AppendAsync("labelled", new Labelled($"{taken.Count}")).ConfigureAwait(false)).ConfigureAwait(false);
            await store.AppendAsync(new Append { CommandId = "stock-up", Metadata = new() { Actor = "ann" } }.To("stock", ExpectedVersion.Any, [new Added(1), new Added(2)])).ConfigureAwait(false);
            await WaitAsync(bus, GlobalPosition.FromInt64(6)).ConfigureAwait(false);
        }

        var trace = await store.Store.GetCausationTreeAsync("stock-up").ConfigureAwait(false);
        Expect.Equal(
            ["0 stock ann", "1 taken ann", "2 labelled ann", "0 stock ann", "1 taken ann", "2 labelled ann"],
            trace.Flatten().Select(node => $"{node.Depth} {node.Event.StreamId} {node.Event.Actor}"), "the tree of what followed from the command");
    }

    private static async Task Retried_parked_event_is_the_cause_of_what_its_handler_appends(StoreUnderTest store)
    {
        var isBroken = true;
        var first = await store.AppendAsync(new Append { Metadata = new() { CorrelationId = "op", Actor = "ann" } }.To("s", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
        var bus = On(store.Log, store.Store);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync(
                "parking",
                SubscriptionHandler.Each(async (_, _, _) =>
                {
                    if (isBroken) throw new InvalidOperationException("broken");
                    await store.AppendAsync("t", new Taken(1)).ConfigureAwait(false);
                }),
                new() { Filter = Counted, OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } }).ConfigureAwait(false);
            await WaitAsync(bus, first.LastPosition).ConfigureAwait(false);
            isBroken = false;
            Expect.Equal(1, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "handled by the retry");
        }

        var (cause, effect) = (await store.SingleAsync("s").ConfigureAwait(false), await store.SingleAsync("t").ConfigureAwait(false));
        Expect.Equal((cause.EventId.ToString(), "op", "ann"), (effect.CausationId, effect.CorrelationId, effect.Actor), "what the effect takes from the event");
    }

    private static async Task Batch_sets_no_cause_unless_its_handler_begins_a_scope(StoreUnderTest store)
    {
        var last = await store.AppendAsync(new Append { Metadata = new() { CorrelationId = "op" } }.To("s", ExpectedVersion.Any, [new Added(1), new Added(2)])).ConfigureAwait(false);
        var isBroken = true;
        var bus = On(store.Log, store.Store);
        await using (bus.ConfigureAwait(false))
        {
            // The batch fails once, so that its events are delivered one by one too: a batch of one is a batch.
            await bus.SubscribeAsync(
                "batches",
                SubscriptionHandler.Batches(async (events, _, _) =>
                {
                    await store.AppendAsync($"silent-{events.Count}", new Taken(events.Count)).ConfigureAwait(false);
                    if (isBroken)
                    {
                        isBroken = false;
                        throw new InvalidOperationException("broken");
                    }

                    using (EventContext.BeginScope(events[^1])) await store.AppendAsync($"caused-{events[^1].Version}", new Taken(1)).ConfigureAwait(false);
                }),
                new() { Filter = Counted, OnFailure = new() { MaxRetryAttempts = 0 } }).ConfigureAwait(false);
            await WaitAsync(bus, last.LastPosition).ConfigureAwait(false);
        }

        foreach (var stream in new[] { "silent-1", "silent-2" })
            foreach (var e in await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync(stream)).ConfigureAwait(false)) Expect.Equal(null, e.CausationId, stream);
        var causes = await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync("s")).ConfigureAwait(false);
        foreach (var cause in causes)
        {
            var caused = await store.SingleAsync($"caused-{cause.Version}").ConfigureAwait(false);
            Expect.Equal((cause.EventId.ToString(), "op"), (caused.CausationId, caused.CorrelationId), "causation and correlation");
        }
    }

    private static async Task Task_left_running_by_a_handler_keeps_its_event(StoreUnderTest store)
    {
        var (release, left) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new List<Task>());
        async Task LaterAsync(long version)
        {
            await release.Task.ConfigureAwait(false);
            await store.AppendAsync($"later-{version}", new Taken(1)).ConfigureAwait(false);
        }

        var last = await store.AppendAsync("s", new Added(1), new Added(2), new Added(3)).ConfigureAwait(false);
        var bus = On(store.Log, store.Store);
        await using (bus.ConfigureAwait(false))
        {
            await bus.SubscribeAsync("leaving", SubscriptionHandler.RawEach((e, _, _) =>
            {
                left.Add(LaterAsync(e.Version));
                return Task.CompletedTask;
            }), new() { Filter = Counted }).ConfigureAwait(false);
            await WaitAsync(bus, last.LastPosition).ConfigureAwait(false);
        }

        release.SetResult();
        await Task.WhenAll(left).WaitAsync(Patience).ConfigureAwait(false);
        foreach (var cause in await StoreUnderTest.ToListAsync(store.Store.ReadStreamAsync("s")).ConfigureAwait(false))
            Expect.Equal(cause.EventId.ToString(), (await store.SingleAsync($"later-{cause.Version}").ConfigureAwait(false)).CausationId, "the cause");
    }

    private static async Task Ambient_context_of_the_starter_does_not_flow_into_handlers(StoreUnderTest store)
    {
        var last = await store.AppendAsync("s", new Added(1)).ConfigureAwait(false);
        EventMetadata? received = EventMetadata.None;
        var bus = On(store.Log, store.Store);
        await using (bus.ConfigureAwait(false))
        {
            using (EventContext.BeginScope(new EventMetadata { CorrelationId = "of the starter" }))
                await bus.SubscribeAsync("batches", SubscriptionHandler.RawBatches((_, _, _) =>
                {
                    received = EventContext.Current;
                    return Task.CompletedTask;
                })).ConfigureAwait(false);
            await WaitAsync(bus, last.LastPosition).ConfigureAwait(false);
        }

        Expect.Equal(null, received, "what the handler takes part in");
    }

    // Encoded inside the function, appended after it.
    private static async Task<EventEnvelope> WorkAsync(StoreUnderTest store, string stream, EventMetadata? handled)
    {
        LogAppend append;
        using (handled is null ? default : EventContext.BeginScope(handled))
            append = await store.Log.WorkAsync(() => store.Store.Encode(new Append().To(stream, ExpectedVersion.Any, [new Added(1)]))).ConfigureAwait(false);
        await store.Log.AppendAsync(append).ConfigureAwait(false);
        return await store.SingleAsync(stream).ConfigureAwait(false);
    }

    private static async Task Append_in_a_user_transaction_has_the_event_of_its_caller_as_cause(StoreUnderTest store)
    {
        var activity = Activity.Current;
        Activity.Current = null;
        foreach (var who in new[] { "ann", "bob", null })
        {
            var handled = who is null ? null : new EventMetadata { Actor = who, CorrelationId = $"of {who}", CausationId = $"by {who}" };
            var e = await WorkAsync(store, $"s-{who}", handled).ConfigureAwait(false);
            Expect.Equal((handled?.Actor, handled?.CorrelationId, handled?.CausationId), (e.Actor, e.CorrelationId, e.CausationId), $"what {who ?? "nobody"} handles");
        }

        Activity.Current = activity;
    }

    private static async Task Append_in_a_user_transaction_has_the_trace_of_its_caller(StoreUnderTest store)
    {
        await WorkAsync(store, "first", new EventMetadata { CorrelationId = "first" }).ConfigureAwait(false);
        using var activity = new Activity("case").SetIdFormat(ActivityIdFormat.W3C).Start();
        var e = await WorkAsync(store, "traced", handled: null).ConfigureAwait(false);
        Expect.Equal(activity.TraceId.ToHexString(), e.CorrelationId, "the correlation id");
    }
}
