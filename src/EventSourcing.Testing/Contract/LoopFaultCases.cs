using System.Collections.Concurrent;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Subscriptions while callbacks throw, the log fails, or leases and checkpoints cannot be read.</summary>
internal static class LoopFaultCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(State_change_handlers_that_throw_stop_nothing),
        ContractCase.Of(Cancellation_callback_that_throws_when_a_lease_is_lost_is_the_last_error_and_stops_no_other_subscription),
        ContractCase.Of(Unreadable_lease_faults_only_its_subscription),
        ContractCase.Of(Unreadable_checkpoint_faults_only_its_subscription),
        ContractCase.Of(Durable_and_live_subscription_recover_from_a_full_and_a_read_only_disk),
        ContractCase.Of(Effect_that_fails_because_of_another_store_is_handled_by_the_failure_policy, LogCapabilities.UserWork),
    ];

    private static async Task State_change_handlers_that_throw_stop_nothing(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        var bus = new EventBus(StoreOf(log.Log));
        bus.StateChanged += (_, _, _) => throw new InvalidOperationException("first");
        bus.StateChanged += (_, _, _) => throw new InvalidOperationException("second");
        // Called although the others throw.
        bus.StateChanged += (_, _, _) => log.Changed.Set();
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", Collect(received)).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => own.State == SubscriptionState.Live, "it is live").ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(own, 1).ConfigureAwait(false);
            Expect.True((await own.GetStatusAsync().ConfigureAwait(false)).LastError is AggregateException { InnerExceptions.Count: 2 }, "what was thrown is the last error");
            await own.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            await own.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(own, 2).ConfigureAwait(false);
        }
    }

    private static async Task Cancellation_callback_that_throws_when_a_lease_is_lost_is_the_last_error_and_stops_no_other_subscription(LogUnderTest log)
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var received = new ConcurrentQueue<long>();
        var bus = On(log, Hasty);
        await using (bus.ConfigureAwait(false))
        {
            var bad = await bus.SubscribeAsync("bad", SubscriptionHandler.RawEach(async (_, _, token) =>
            {
                token.Register(() => throw new InvalidOperationException("thrown by a callback"));
                entered.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(false);
            })).ConfigureAwait(false);
            var good = await bus.SubscribeAsync("good", Collect(received)).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await entered.Task.WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(good, 1).ConfigureAwait(false);
            await StealAsync(log, "bad").ConfigureAwait(false);
            await log.Changed.UntilAsync(() => bad.State == SubscriptionState.Standby, "the lease is lost").ConfigureAwait(false);
            await ThrownIsLastErrorAsync(bad).WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(good, 2).ConfigureAwait(false);
            var late = await bus.SubscribeAsync("late", Collect([])).ConfigureAwait(false);
            await WaitAsync(late, 2).ConfigureAwait(false);
        }
    }

    private static async Task Unreadable_lease_faults_only_its_subscription(LogUnderTest log)
    {
        var bus = On(log, Hasty);
        await using (bus.ConfigureAwait(false))
        {
            var bad = await bus.SubscribeAsync("bad", Collect([])).ConfigureAwait(false);
            var good = await bus.SubscribeAsync("good", Collect([])).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => (bad.State, good.State) == (SubscriptionState.Live, SubscriptionState.Live), "both are live").ConfigureAwait(false);
            byte[] newer = [2, 0, 0];
            await log.PutAsync(RecordKind.Lease, "bad", newer).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => bad.State == SubscriptionState.Faulted, "it is faulted").ConfigureAwait(false);
            Expect.True((await bad.GetStatusAsync().ConfigureAwait(false)).LastError is StoreCorruptException { Where: "lease 'bad'" }, "the last error names the lease");
            // A reset starts the loop again, fails for the same reason and throws.
            await Expect.ThrowsAsync<SubscriptionException>(() => bad.ResetAsync(StartFrom.Beginning).WaitAsync(Patience), "the reset").ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(good, 1).ConfigureAwait(false);
            var late = await bus.SubscribeAsync("late", Collect([])).ConfigureAwait(false);
            await WaitAsync(late, 1).ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Live, good.State, "the other");
        }
    }

    private static async Task Unreadable_checkpoint_faults_only_its_subscription(LogUnderTest log)
    {
        byte[] newer = [2, 1];
        await log.PutAsync(RecordKind.Checkpoint, "bad", newer).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var bad = await bus.SubscribeAsync("bad", Collect([])).ConfigureAwait(false);
            var good = await bus.SubscribeAsync("good", Collect([])).ConfigureAwait(false);
            await WaitAsync(good, 1).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => bad.State == SubscriptionState.Faulted, "it is faulted").ConfigureAwait(false);
            Expect.True((await bad.GetStatusAsync().ConfigureAwait(false)).LastError is StoreCorruptException { Where: "checkpoint 'bad'" }, "the last error names the checkpoint");
        }
    }

    private static async Task Durable_and_live_subscription_recover_from_a_full_and_a_read_only_disk(LogUnderTest log)
    {
        var troubled = new TroubledLog(log.Log);
        var (received, live) = (new ConcurrentQueue<long>(), new ConcurrentQueue<long>());
        var met = new Signal();
        var bus = new EventBus(StoreOf(troubled), Hasty);
        await using (bus.ConfigureAwait(false))
        {
            var durable = await bus.SubscribeAsync("durable", Collect(received), new() { Filter = EventFilter.All, CheckpointEvery = 1 }).ConfigureAwait(false);
            var subscription = await bus.SubscribeLiveRawAsync(EventFilter.All, (e, _) =>
            {
                live.Enqueue(e.Position.ToInt64());
                met.Set();
                return Task.CompletedTask;
            }).ConfigureAwait(false);
            var position = 0L;
            foreach (var error in new Exception[] { new StoreFullException("full"), new StoreReadOnlyException("read-only") })
            {
                var times = 0;
                troubled.Trouble = operation =>
                {
                    if (operation == nameof(IEventLog.ReadRecordsAsync) || (operation == nameof(IEventLog.WaitAsync) && error is StoreFullException)) return null;
                    Interlocked.Increment(ref times);
                    met.Set();
                    return error;
                };
                await log.AppendAsync("s", Make.Numbered(20)).ConfigureAwait(false);
                await met.UntilAsync(() => Volatile.Read(ref times) > 8, "the fault was met").ConfigureAwait(false);
                await met.UntilAsync(async () => (await TryStatusAsync(durable).ConfigureAwait(false))?.GetType() == error.GetType(), "the status shows the fault").ConfigureAwait(false);
                troubled.Trouble = static _ => null;
                position += 20;
                await WaitAsync(durable, position).ConfigureAwait(false);
                await met.UntilAsync(() => live.Count >= position, "the live subscription has them").ConfigureAwait(false);
                Expect.True(!subscription.IsFaulted, "the live subscription is not faulted");
            }

            Expect.Equal(Make.CountTo(40), received.Distinct(), "the received events");
        }

        // The status reads the head, which would fail too.
        async Task<Exception?> TryStatusAsync(Subscription subscription)
        {
            var trouble = troubled.Trouble;
            troubled.Trouble = static _ => null;
            try
            {
                return (await subscription.GetStatusAsync().ConfigureAwait(false)).LastError;
            }
            finally
            {
                troubled.Trouble = trouble;
            }
        }
    }

    private static async Task Effect_that_fails_because_of_another_store_is_handled_by_the_failure_policy(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var attempts = 0;
            var own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((_, delivery, _) =>
            {
                attempts++;
                delivery.Enlist<object>(_ => throw new StoreUnavailableException("another store"));
                return Task.CompletedTask;
            }), new() { OnFailure = new() { MaxRetryAttempts = 2, Delay = TimeSpan.Zero } }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => own.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            Expect.True((await own.GetStatusAsync().ConfigureAwait(false)).LastError is SubscriptionException { Attempts: 3, InnerException: StoreUnavailableException }, "the last error is the effect's");
            Expect.True(attempts >= 3, "it was tried three times");
        }
    }

    // Callbacks run on the thread pool, possibly after the lease was released.
    private static async Task ThrownIsLastErrorAsync(Subscription subscription)
    {
        while ((await subscription.GetStatusAsync().ConfigureAwait(false)).LastError is not InvalidOperationException { Message: "thrown by a callback" }) await Task.Yield();
    }
}
