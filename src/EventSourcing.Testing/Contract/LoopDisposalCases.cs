using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Disposal of subscriptions and buses.</summary>
internal static class LoopDisposalCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Second_disposal_does_not_affect_the_successor),
        ContractCase.Of(Disposal_ends_when_a_handler_does_not_return_and_names_its_subscription),
        ContractCase.Of(Cancellation_callback_that_throws_at_the_stop_does_not_prevent_the_disposal),
    ];

    private static async Task Second_disposal_does_not_affect_the_successor(LogUnderTest log)
    {
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var first = await bus.SubscribeAsync("s", Collect([])).ConfigureAwait(false);
            await first.DisposeAsync().ConfigureAwait(false);
            var second = await bus.SubscribeAsync("s", Collect([])).ConfigureAwait(false);
            await first.DisposeAsync().ConfigureAwait(false);
            Expect.Equal([second], bus.Subscriptions, "the subscriptions that are listed");
            await Expect.ThrowsAsync<InvalidOperationException>(() => bus.SubscribeAsync("s", Collect([])), "a third").ConfigureAwait(false);
            await bus.DisposeAsync().ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Stopped, second.State, "the second");
        }
    }

    private static async Task Disposal_ends_when_a_handler_does_not_return_and_names_its_subscription(LogUnderTest log)
    {
        // Five seconds of grace pass in about one. The lease of the blocked handler is still renewed.
        var options = new EventBusOptions { TimeProvider = new EarlyClock(4), LeaseTimeout = TimeSpan.FromMinutes(1), StopTimeout = TimeSpan.FromMilliseconds(100) };
        var (entered, stuck) = (new CountdownEvent(2), new TaskCompletionSource());
        var bus = new EventBus(StoreOf(log.Log), options);
        bus.StateChanged += (_, _, _) => log.Changed.Set();
        var bad = await bus.SubscribeAsync("bad", SubscriptionHandler.RawEach(async (_, _, _) =>
        {
            entered.Signal();
            await stuck.Task.ConfigureAwait(false);
        }), new() { Filter = EventFilter.All }).ConfigureAwait(false);
        await bus.SubscribeLiveRawAsync(EventFilter.All, async (_, _) =>
        {
            entered.Signal();
            await stuck.Task.ConfigureAwait(false);
        }).ConfigureAwait(false);
        var good = await bus.SubscribeAsync("good", Collect([]), new() { Filter = EventFilter.All }).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await WaitAsync(good, 1).ConfigureAwait(false);
        await Task.Run(() => entered.Wait(Patience)).ConfigureAwait(false);
        var thrown = await Expect.ThrowsAsync<AggregateException>(() => bus.DisposeAsync().AsTask().WaitAsync(Patience), "the disposal").ConfigureAwait(false);
        Expect.True(thrown.InnerExceptions is [EventBusException, SubscriptionException { Name: "bad" }], $"both are named: {thrown}");
        Expect.Equal(SubscriptionState.Stopped, good.State, "the other");
        Expect.True(bad.State != SubscriptionState.Stopped, "the stuck one has not stopped");
        Expect.Equal([bad], bus.Subscriptions, "the subscriptions that are listed");
        var lease = (await log.Log.ReadRecordsAsync(RecordKind.Lease, "bad", "bad", 1, CancellationToken.None).ConfigureAwait(false))[0];
        Expect.True(new Guid(lease.Value.Span[1..17]) == bus.Owner, "the lease is kept");
        stuck.SetResult();
        await bus.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
        Expect.Equal((SubscriptionState.Stopped, 0, 0), (bad.State, bus.Subscriptions.Count, bus.LiveSubscriptions.Count), "after the handlers have returned");
        Expect.Equal(1L, await CheckpointAsync(log, "bad").ConfigureAwait(false), "the checkpoint");
        entered.Dispose();
    }

    private static async Task Cancellation_callback_that_throws_at_the_stop_does_not_prevent_the_disposal(LogUnderTest log)
    {
        var entered = new CountdownEvent(2);
        var bus = new EventBus(StoreOf(log.Log), Hasty);
        async ValueTask HandleAsync(CancellationToken token)
        {
            token.Register(() => throw new InvalidOperationException("thrown by a callback"));
            entered.Signal();
            await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(false);
        }

        var durable = await bus.SubscribeAsync("durable", SubscriptionHandler.RawEach((_, _, token) => HandleAsync(token).AsTask()), new() { Filter = EventFilter.All }).ConfigureAwait(false);
        var live = await bus.SubscribeLiveRawAsync(EventFilter.All, (_, token) => HandleAsync(token).AsTask()).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await Task.Run(() => entered.Wait(Patience)).ConfigureAwait(false);
        await bus.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
        Expect.Equal("thrown by a callback", (await durable.GetStatusAsync().ConfigureAwait(false)).LastError?.Message, "the last error of the subscription");
        Expect.Equal("thrown by a callback", live.LastError?.Message, "the last error of the live subscription");
        entered.Dispose();
    }
}
