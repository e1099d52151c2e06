using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Waits for a position while a subscription is paused, faulted or on standby.</summary>
internal static class LoopWaitCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Wait_on_a_paused_or_faulted_subscription_fails_with_the_cause),
        ContractCase.Of(Wait_on_standby_follows_the_checkpoint_of_the_active_runner),
    ];

    private static async Task Wait_on_a_paused_or_faulted_subscription_fails_with_the_cause(LogUnderTest log)
    {
        var isBroken = false;
        var troubled = new TroubledLog(log.Log);
        var bus = On(log, StoreOf(troubled));
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((_, _, _) =>
                isBroken ? throw new InvalidOperationException("broken") : Task.CompletedTask), new() { OnFailure = new() { MaxRetryAttempts = 0 } }).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(own, 1).ConfigureAwait(false);

            var meanwhile = own.WaitForPositionAsync(GlobalPosition.FromInt64(2));
            await own.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            var byRequest = await Expect.ThrowsAsync<SubscriptionException>(() => meanwhile.WaitAsync(Patience), "a wait when it is paused").ConfigureAwait(false);
            Expect.True(byRequest is { InnerException: null, Name: "own" }, "there is no cause");
            await Expect.ThrowsAsync<SubscriptionException>(() => WaitAsync(own, 2), "a later wait").ConfigureAwait(false);
            await WaitAsync(own, 1).ConfigureAwait(false);

            await own.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            meanwhile = own.WaitForPositionAsync(GlobalPosition.FromInt64(2));
            isBroken = true;
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            var byFailure = await Expect.ThrowsAsync<SubscriptionException>(() => meanwhile.WaitAsync(Patience), "a wait when the handler fails").ConfigureAwait(false);
            Expect.True(byFailure.InnerException is SubscriptionException { InnerException.Message: "broken" }, "the cause is the handler's");

            isBroken = false;
            troubled.Trouble = static operation => operation == nameof(IEventLog.ReadAsync) ? new StoreCorruptException("bits", "page 7") : null;
            await own.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => own.State == SubscriptionState.Faulted, "it is faulted").ConfigureAwait(false);
            var byFault = await Expect.ThrowsAsync<SubscriptionException>(() => WaitAsync(own, 2), "a wait when it is faulted").ConfigureAwait(false);
            Expect.True(byFault.InnerException is StoreCorruptException, "the cause is the log's");
            troubled.Trouble = static _ => null;
            await own.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => own.State == SubscriptionState.Live, "it is live").ConfigureAwait(false);
            await WaitAsync(own, 2).ConfigureAwait(false);
        }
    }

    private static async Task Wait_on_standby_follows_the_checkpoint_of_the_active_runner(LogUnderTest log)
    {
        var (first, second) = (On(log, Hasty), On(log, Hasty));
        foreach (var isPartitioned in new[] { false, true })
        {
            var options = new SubscriptionOptions { IsPartitioned = isPartitioned, Filter = EventQuery.All.InCategory("a"), CheckpointAfter = TimeSpan.Zero };
            var one = await first.SubscribeAsync($"name-{isPartitioned}", Collect([]), options).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => one.ActivePartitions == (isPartitioned ? 16 : 1), "the first has it").ConfigureAwait(false);
            var two = await second.SubscribeAsync($"name-{isPartitioned}", Collect([]), options).ConfigureAwait(false);
            for (var i = 0; i < 4; i++) await log.AppendAsync($"a-{i}", Make.Event()).ConfigureAwait(false);
            // This event does not match the query: the checkpoint stays before it.
            var last = await log.AppendAsync("b-1", Make.Event()).ConfigureAwait(false);
            await two.WaitForPositionAsync(last.LastPosition).WaitAsync(Patience).ConfigureAwait(false);
        }

        await first.DisposeAsync().ConfigureAwait(false);
        await second.DisposeAsync().ConfigureAwait(false);
    }
}
