using System.Collections.Concurrent;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>The loops behind subscriptions and listeners: what handlers do to them, and what they do about trouble.</summary>
internal static class LoopCases
{
    private static readonly EventBusOptions Hasty = new() { LeaseTimeout = TimeSpan.FromMilliseconds(1500), StopTimeout = TimeSpan.FromMilliseconds(20), Randomness = static () => 0 };

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Handler_that_disposes_its_subscription_goes_on_and_nothing_comes_after_its_event),
        ContractCase.Of(Handler_that_steers_its_own_subscription_is_refused_at_once),
        ContractCase.Of(Work_that_outlives_its_handler_may_steer),
        ContractCase.Of(Subscription_steered_from_inside_a_transaction_refuses_and_ends, LogCapabilities.UserWork),
        ContractCase.Of(Handlers_that_dispose_each_others_subscriptions_end),
        ContractCase.Of(Handler_may_dispose_its_subscriber),
        ContractCase.Of(Live_handler_may_dispose_its_bus),
        ContractCase.Of(Live_handler_that_disposes_its_bus_waits_for_no_other),
        ContractCase.Of(State_change_that_steers_is_refused_and_the_subscription_goes_on),
        ContractCase.Of(Filter_key_effect_and_work_of_a_reset_that_steer_are_refused, LogCapabilities.UserWork),
        ContractCase.Of(Predicate_of_a_live_listener_may_dispose_it),
        ContractCase.Of(State_changes_that_throw_end_nothing),
        ContractCase.Of(Callback_that_throws_when_a_lease_is_lost_is_the_last_error_and_ends_no_other_subscription),
        ContractCase.Of(Lease_that_cannot_be_read_faults_its_own_subscription_only),
        ContractCase.Of(Checkpoint_that_cannot_be_read_faults_its_own_subscription_only),
        ContractCase.Of(Subscription_and_listener_outlast_a_full_disk_and_a_read_only_one),
        ContractCase.Of(Effect_that_meets_trouble_of_another_store_falls_under_the_policy, LogCapabilities.UserWork),
        ContractCase.Of(Wait_on_a_paused_or_faulted_subscription_fails_with_the_cause),
        ContractCase.Of(Wait_on_standby_follows_the_checkpoint_of_the_one_at_work),
        ContractCase.Of(Reset_of_a_paused_subscription_leaves_it_paused_at_the_new_place),
        ContractCase.Of(Reset_of_a_group_with_work_happens_in_one_transaction_or_not_at_all, LogCapabilities.UserWork),
        ContractCase.Of(Reset_keeps_nothing_of_its_work_when_a_lease_is_lost_just_before_its_transaction, LogCapabilities.UserWork),
        ContractCase.Of(Second_disposal_leaves_the_successor_alone),
        ContractCase.Of(Disposal_ends_when_a_handler_does_not_return_and_says_so),
        ContractCase.Of(Callback_that_throws_at_the_stop_ends_nothing),
    ];

    private static EventStore StoreOf(IEventLog log) => new(log, EventTypeMap.Empty);

    private static async Task Handler_that_disposes_its_subscription_goes_on_and_nothing_comes_after_its_event(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<long>();
        Subscription own = null!;
        var ready = new TaskCompletionSource();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach(async (e, _, _) =>
            {
                await ready.Task.ConfigureAwait(false);
                await own.DisposeAsync().ConfigureAwait(false);
                seen.Enqueue(e.Position.ToInt64());
            })).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
            ready.SetResult();
            await log.Changed.UntilAsync(() => own.State == SubscriptionState.Stopped, "it has stopped").ConfigureAwait(false);
            await own.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal([1L], seen, "what came");
            Expect.Equal(1L, await CheckpointAsync(log, "own").ConfigureAwait(false), "the checkpoint");
            Expect.Equal(0, bus.Subscriptions.Count, "the subscriptions that are listed");
        }
    }

    private static async Task Handler_that_steers_its_own_subscription_is_refused_at_once(LogUnderTest log)
    {
        Subscription own = null!;
        var (ready, refused) = (new TaskCompletionSource(), new ConcurrentQueue<string>());
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach(async (e, _, _) =>
            {
                await ready.Task.ConfigureAwait(false);
                Func<Task>[] calls =
                [
                    () => own.PauseAsync(), () => own.ResumeAsync(), () => own.ResetAsync(StartFrom.Beginning),
                    () => own.RetryAsync("k"), () => own.RetryAllAsync(), () => own.DiscardAsync("k"), () => own.WaitForPositionAsync(e.Position), () => Task.Run(() => own.PauseAsync()),
                ];
                using (EventContext.BeginScope(new EventMetadata { Actor = "ann" }))
                    foreach (var call in calls) refused.Enqueue((await Expect.ThrowsAsync<InvalidOperationException>(call, "the call").ConfigureAwait(false)).Message);
            })).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            ready.SetResult();
            await WaitAsync(own, 1).ConfigureAwait(false);
            Expect.Equal(8, refused.Count, "how many calls were refused");
            foreach (var message in refused) Expect.True(message.Contains("DisposeAsync", StringComparison.Ordinal), $"'{message}' says what may be called");
            Expect.Equal(0L, (await own.GetStatusAsync().ConfigureAwait(false)).Failures, "the failures");
        }
    }

    private static async Task Work_that_outlives_its_handler_may_steer(LogUnderTest log)
    {
        Subscription own = null!;
        var (late, released, busy, stuck) = (new TaskCompletionSource<Task>(), new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach(async (e, _, _) =>
            {
                if (e.Position.ToInt64() == 1)
                {
                    late.SetResult(Task.Run(async () =>
                    {
                        await released.Task.ConfigureAwait(false);
                        await own.PauseAsync(CancellationToken.None).ConfigureAwait(false);
                    }, CancellationToken.None));
                    return;
                }

                busy.TrySetResult();
                await stuck.Task.ConfigureAwait(false);
            })).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
            await busy.Task.WaitAsync(Patience).ConfigureAwait(false);
            // A later call of the handler is under way: not the one that began the work.
            released.SetResult();
            stuck.SetResult();
            await (await late.Task.ConfigureAwait(false)).WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Paused, own.State, "the state");
        }
    }

    private static async Task Handlers_that_dispose_each_others_subscriptions_end(LogUnderTest log)
    {
        Subscription one = null!, two = null!;
        var (ready, both) = (new TaskCompletionSource(), new Barrier(2));
        var ended = new ConcurrentQueue<string>();
        var (first, second) = (On(log), On(log));
        SubscriptionHandler Disposing(string name, Func<Subscription> other) => SubscriptionHandler.RawEach(async (_, _, _) =>
        {
            await ready.Task.ConfigureAwait(false);
            await Task.Run(() => both.SignalAndWait(Patience)).ConfigureAwait(false);
            await other().DisposeAsync().ConfigureAwait(false);
            ended.Enqueue(name);
        });
        await using (first.ConfigureAwait(false))
        await using (second.ConfigureAwait(false))
        {
            one = await first.SubscribeAsync("one", Disposing("one", () => two)).ConfigureAwait(false);
            two = await second.SubscribeAsync("two", Disposing("two", () => one)).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            ready.SetResult();
            await log.Changed.UntilAsync(() => (one.State, two.State) == (SubscriptionState.Stopped, SubscriptionState.Stopped), "both have stopped").ConfigureAwait(false);
            Expect.Equal(2, ended.Count, "the handlers that ended");
        }

        both.Dispose();
    }

    private static async Task Handler_may_dispose_its_subscriber(LogUnderTest log)
    {
        var ready = new TaskCompletionSource();
        var disposed = new TaskCompletionSource();
        var bus = On(log);
        var other = await bus.SubscribeAsync("other", Collect([])).ConfigureAwait(false);
        var own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach(async (_, _, _) =>
        {
            await ready.Task.ConfigureAwait(false);
            await bus.DisposeAsync().ConfigureAwait(false);
            disposed.TrySetResult();
        })).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        ready.SetResult();
        await disposed.Task.WaitAsync(Patience).ConfigureAwait(false);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => bus.DisposeAsync().AsTask())).WaitAsync(Patience).ConfigureAwait(false);
        Expect.Equal((SubscriptionState.Stopped, SubscriptionState.Stopped), (own.State, other.State), "the states");
    }

    private static async Task Live_handler_may_dispose_its_bus(LogUnderTest log)
    {
        var ready = new TaskCompletionSource();
        var disposed = new TaskCompletionSource();
        var bus = new EventBus(StoreOf(log.Log));
        var durable = await bus.SubscribeAsync("durable", Collect([]), new() { Filter = EventFilter.All }).ConfigureAwait(false);
        LiveSubscription own = null!;
        own = await bus.SubscribeLiveRawAsync(EventFilter.All, async (_, _) =>
        {
            await ready.Task.ConfigureAwait(false);
            await own.DisposeAsync().ConfigureAwait(false);
            await bus.DisposeAsync().ConfigureAwait(false);
            disposed.TrySetResult();
        }).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        ready.SetResult();
        await disposed.Task.WaitAsync(Patience).ConfigureAwait(false);
        await bus.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
        Expect.Equal(SubscriptionState.Stopped, durable.State, "the durable listener");
        Expect.Equal(0, bus.LiveSubscriptions.Count, "the live listeners");
    }

    private static async Task Live_handler_that_disposes_its_bus_waits_for_no_other(LogUnderTest log)
    {
        var (ready, busy, stuck) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        var disposed = new TaskCompletionSource();
        var bus = new EventBus(StoreOf(log.Log));
        await bus.SubscribeLiveRawAsync(EventFilter.All, async (_, _) =>
        {
            busy.TrySetResult();
            await stuck.Task.ConfigureAwait(false);
        }).ConfigureAwait(false);
        await bus.SubscribeLiveRawAsync(EventFilter.All, async (_, _) =>
        {
            await ready.Task.ConfigureAwait(false);
            try
            {
                await bus.DisposeAsync().ConfigureAwait(false);
                disposed.TrySetResult();
            }
            catch (Exception e)
            {
                // It has waited for the other as long as a stop waits at most.
                disposed.TrySetException(e);
            }
        }).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await busy.Task.WaitAsync(Patience).ConfigureAwait(false);
        ready.SetResult();
        await disposed.Task.WaitAsync(Patience).ConfigureAwait(false);
        stuck.SetResult();
        await bus.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
        Expect.Equal(0, bus.LiveSubscriptions.Count, "the live listeners");
    }

    private static async Task Filter_key_effect_and_work_of_a_reset_that_steer_are_refused(LogUnderTest log)
    {
        Subscription own = null!;
        var (refused, taken) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        void Steer(string where)
        {
            var steer = own.PauseAsync();
            (steer is { IsFaulted: true, Exception.InnerException: InvalidOperationException } ? refused : taken).Enqueue(where);
        }

        var (filtered, handled) = (0, 0);
        var bus = new EventBus(new EventStore(log.Log, CaseEvents.Types));
        await using (bus.ConfigureAwait(false))
        {
            var filter = EventFilter.Where(_ =>
            {
                Steer("filter");
                // Asked again as a part of the handler.
                return ++filtered == 2 ? throw new InvalidOperationException("once") : true;
            });
            own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((_, delivery, _) =>
            {
                // The first is set aside, so that keys are asked for.
                if (++handled <= 2) throw new InvalidOperationException("broken");
                delivery.Enlist<object>(_ => Steer("effect"));
                return Task.CompletedTask;
            }), new()
            {
                Filter = filter,
                OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park },
                CheckpointEvery = 1,
                PartitionKey = e =>
                {
                    Steer("key");
                    return e.StreamId.Value;
                },
            }).ConfigureAwait(false);
            for (var i = 1; i <= 4; i++) await log.AppendAsync($"s-{i}", Make.Event("taken")).ConfigureAwait(false);
            await WaitAsync(own, 4).ConfigureAwait(false);
            await own.ResetAsync<object>(StartFrom.End, _ => Steer("reset")).WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal([], taken, "what was not refused");
            Expect.Equal(["effect", "filter", "key", "reset"], refused.Distinct().Order(StringComparer.Ordinal), "what was refused");
        }
    }

    private static async Task Predicate_of_a_live_listener_may_dispose_it(LogUnderTest log)
    {
        LiveSubscription own = null!;
        var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var bus = new EventBus(new EventStore(log.Log, CaseEvents.Types));
        await using (bus.ConfigureAwait(false))
        {
            own = await bus.SubscribeLiveRawAsync(EventFilter.Where(_ =>
            {
                var end = own.DisposeAsync().AsTask();
                ended.TrySetResult(end.IsCompletedSuccessfully);
                return false;
            }), (_, _) => Task.CompletedTask).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event("taken")).ConfigureAwait(false);
            Expect.True(await ended.Task.WaitAsync(Patience).ConfigureAwait(false), "it did not wait for itself");
            await own.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
        }
    }

    private static async Task State_change_that_steers_is_refused_and_the_subscription_goes_on(LogUnderTest log)
    {
        var refused = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        var seen = new ConcurrentQueue<long>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            Expect.True(
                await Expect.ThrowsAsync<ArgumentException>(
                    () =>
                    {
                        bus.StateChanged += async (_, _, _) => await Task.Yield();
                        return Task.CompletedTask;
                    }, "an asynchronous state change").ConfigureAwait(false) is not null, "refused");
            bus.StateChanged += (name, state, _) =>
            {
                if (state != SubscriptionState.Paused) return;
                var steer = bus.Subscriptions.Single(s => s.Name == name).ResumeAsync();
                if (steer.IsFaulted) refused.TrySetResult(steer.Exception!.InnerException!);
            };
            var own = await bus.SubscribeAsync("own", Collect(seen)).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => own.State == SubscriptionState.Live, "it is live").ConfigureAwait(false);
            await own.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            Expect.True(await refused.Task.WaitAsync(Patience).ConfigureAwait(false) is InvalidOperationException, "the refusal is InvalidOperationException");
            await own.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(own, 1).ConfigureAwait(false);
        }
    }

    private static async Task State_changes_that_throw_end_nothing(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<long>();
        var bus = new EventBus(StoreOf(log.Log));
        bus.StateChanged += (_, _, _) => throw new InvalidOperationException("first");
        bus.StateChanged += (_, _, _) => throw new InvalidOperationException("second");
        // Told although the others throw.
        bus.StateChanged += (_, _, _) => log.Changed.Set();
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", Collect(seen)).ConfigureAwait(false);
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

    private static async Task Callback_that_throws_when_a_lease_is_lost_is_the_last_error_and_ends_no_other_subscription(LogUnderTest log)
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var seen = new ConcurrentQueue<long>();
        var bus = On(log, Hasty);
        await using (bus.ConfigureAwait(false))
        {
            var bad = await bus.SubscribeAsync("bad", SubscriptionHandler.RawEach(async (_, _, token) =>
            {
                token.Register(() => throw new InvalidOperationException("thrown by a callback"));
                entered.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(false);
            })).ConfigureAwait(false);
            var good = await bus.SubscribeAsync("good", Collect(seen)).ConfigureAwait(false);
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

    // Callbacks run on the thread pool, perhaps after the lease was given up.
    private static async Task ThrownIsLastErrorAsync(Subscription subscription)
    {
        while ((await subscription.GetStatusAsync().ConfigureAwait(false)).LastError is not InvalidOperationException { Message: "thrown by a callback" }) await Task.Yield();
    }

    // As another process's: another owner, the next epoch.
    private static async Task StealAsync(LogUnderTest log, string key)
    {
        while (true)
        {
            var record = await log.FindRecordAsync(RecordKind.Lease, key).ConfigureAwait(false);
            var bytes = record!.Value.ToArray();
            bytes[1]++;
            bytes[17]++;
            if (await log.PutAsync(RecordKind.Lease, key, bytes, record.Revision).ConfigureAwait(false)) return;
        }
    }

    private static async Task Lease_that_cannot_be_read_faults_its_own_subscription_only(LogUnderTest log)
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
            // A reset begins anew, fails alike and says so.
            await Expect.ThrowsAsync<SubscriptionException>(() => bad.ResetAsync(StartFrom.Beginning).WaitAsync(Patience), "the reset").ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(good, 1).ConfigureAwait(false);
            var late = await bus.SubscribeAsync("late", Collect([])).ConfigureAwait(false);
            await WaitAsync(late, 1).ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Live, good.State, "the other");
        }
    }

    private static async Task Checkpoint_that_cannot_be_read_faults_its_own_subscription_only(LogUnderTest log)
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

    private static async Task Subscription_and_listener_outlast_a_full_disk_and_a_read_only_one(LogUnderTest log)
    {
        var troubled = new TroubledLog(log.Log);
        var (seen, live) = (new ConcurrentQueue<long>(), new ConcurrentQueue<long>());
        var met = new Signal();
        var bus = new EventBus(StoreOf(troubled), Hasty);
        await using (bus.ConfigureAwait(false))
        {
            var durable = await bus.SubscribeAsync("durable", Collect(seen), new() { Filter = EventFilter.All, CheckpointEvery = 1 }).ConfigureAwait(false);
            var listener = await bus.SubscribeLiveRawAsync(EventFilter.All, (e, _) =>
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
                await met.UntilAsync(() => Volatile.Read(ref times) > 8, "the trouble was met").ConfigureAwait(false);
                await met.UntilAsync(async () => (await TryStatusAsync(durable).ConfigureAwait(false))?.GetType() == error.GetType(), "the status shows the trouble").ConfigureAwait(false);
                troubled.Trouble = static _ => null;
                position += 20;
                await WaitAsync(durable, position).ConfigureAwait(false);
                await met.UntilAsync(() => live.Count >= position, "the listener has them").ConfigureAwait(false);
                Expect.True(!listener.IsFaulted, "the listener is not faulted");
            }

            Expect.Equal(Make.CountTo(40), seen.Distinct(), "what came");
        }

        // The status reads the head, which is in trouble too.
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

    private static async Task Effect_that_meets_trouble_of_another_store_falls_under_the_policy(LogUnderTest log)
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

    private static async Task Wait_on_standby_follows_the_checkpoint_of_the_one_at_work(LogUnderTest log)
    {
        var (first, second) = (On(log, Hasty), On(log, Hasty));
        foreach (var isGroup in new[] { false, true })
        {
            var options = new SubscriptionOptions { IsPartitioned = isGroup, Filter = EventQuery.All.InCategory("a"), CheckpointAfter = TimeSpan.Zero };
            var one = await first.SubscribeAsync($"name-{isGroup}", Collect([]), options).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => one.ActivePartitions == (isGroup ? 16 : 1), "the first has it").ConfigureAwait(false);
            var two = await second.SubscribeAsync($"name-{isGroup}", Collect([]), options).ConfigureAwait(false);
            for (var i = 0; i < 4; i++) await log.AppendAsync($"a-{i}", Make.Event()).ConfigureAwait(false);
            // Not for the handler: the checkpoint stays before it.
            var last = await log.AppendAsync("b-1", Make.Event()).ConfigureAwait(false);
            await two.WaitForPositionAsync(last.LastPosition).WaitAsync(Patience).ConfigureAwait(false);
        }

        await first.DisposeAsync().ConfigureAwait(false);
        await second.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task Reset_of_a_paused_subscription_leaves_it_paused_at_the_new_place(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<long>();
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", Collect(seen)).ConfigureAwait(false);
            await WaitAsync(own, 2).ConfigureAwait(false);
            await own.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            await own.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal((SubscriptionState.Paused, 0L), (own.State, await CheckpointAsync(log, "own").ConfigureAwait(false)), "state and checkpoint");
            await Expect.ThrowsAsync<SubscriptionException>(() => WaitAsync(own, 2), "a wait").ConfigureAwait(false);
            await own.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(own, 2).ConfigureAwait(false);
            Expect.Equal([1L, 2, 1, 2], seen, "what came");
        }
    }

    private static async Task Reset_of_a_group_with_work_happens_in_one_transaction_or_not_at_all(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<long>();
        for (var i = 0; i < 20; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", Collect(seen), new() { IsPartitioned = true, CheckpointEvery = 1 }).ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            var marks = 0;
            void Mark() => marks++;
            await Expect.ThrowsAsync<ArgumentException>(() => own.ResetAsync<object>(StartFrom.Beginning, async _ => await Task.Yield()), "asynchronous work").ConfigureAwait(false);
            await Expect.ThrowsAsync<FormatException>(() => own.ResetAsync<object>(StartFrom.Beginning, _ =>
            {
                Mark();
                throw new FormatException("no");
            }).WaitAsync(Patience), "work that throws").ConfigureAwait(false);
            using var given = new CancellationTokenSource();
            await given.CancelAsync().ConfigureAwait(false);
            await Expect.ThrowsAsync<OperationCanceledException>(() => own.ResetAsync<object>(StartFrom.Beginning, _ => Mark(), given.Token), "a reset given up").ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            Expect.Equal((20, 1), (seen.Count, marks), "events and works after the resets that failed");

            await StealAsync(log, "own/07").ConfigureAwait(false);
            await Expect.ThrowsAsync<Exception>(() => own.ResetAsync<object>(StartFrom.Beginning, _ => Mark()).WaitAsync(Patience), "a reset without one of the leases").ConfigureAwait(false);
            Expect.Equal(1, marks, "works, as the lease was lost before");
        }

        var again = On(log, Hasty);
        await using (again.ConfigureAwait(false))
        {
            seen.Clear();
            var own = await again.SubscribeAsync("own", Collect(seen), new() { IsPartitioned = true }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => own.ActivePartitions == 16, "all segments are active").ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            Expect.Equal(0, seen.Count, "what came, as nothing was reset");
            var marks = 0;
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => own.ResetAsync<object>(StartFrom.Beginning, _ => marks++))).WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            Expect.Equal(Make.CountTo(20), seen.Distinct().Order(), "what came again");
            Expect.Equal(3, marks, "works");
        }
    }

    private static async Task Reset_keeps_nothing_of_its_work_when_a_lease_is_lost_just_before_its_transaction(LogUnderTest log)
    {
        var troubled = new TroubledLog(log.Log);
        var bus = On(log, StoreOf(troubled));
        await using (bus.ConfigureAwait(false))
        {
            for (var i = 0; i < 20; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
            var own = await bus.SubscribeAsync("own", Collect([]), new() { IsPartitioned = true, CheckpointEvery = 1 }).ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            // When all segments wait for it.
            troubled.Trouble = operation =>
            {
#pragma warning disable RS0030 // The case steals the lease before the call goes on: no asynchronous place to do it.
                if (operation == TroubledLog.UserWork) StealAsync(log, "own/07").GetAwaiter().GetResult();
#pragma warning restore RS0030
                return null;
            };
            var works = 0;
            var lost = await Expect.ThrowsAsync<LeaseLostException>(() => own.ResetAsync<object>(StartFrom.Beginning, _ => works++).WaitAsync(Patience), "the reset").ConfigureAwait(false);
            Expect.Equal(("own/07", 0), (lost.Name, works), "the lease, and works");
            Expect.Equal(Enumerable.Repeat(20L, 16), await CheckpointsAsync().ConfigureAwait(false), "the checkpoints");
        }

        async Task<long[]> CheckpointsAsync() =>
            [.. (await log.Log.ReadRecordsAsync(RecordKind.Checkpoint, "own/", "own/~", 16, CancellationToken.None).ConfigureAwait(false)).Select(r => BitConverter.ToInt64(r.Value.Span[2..]))];
    }

    private static async Task Second_disposal_leaves_the_successor_alone(LogUnderTest log)
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

    private static async Task Disposal_ends_when_a_handler_does_not_return_and_says_so(LogUnderTest log)
    {
        // Five seconds of grace pass in about one; the lease of the stuck handler is renewed all the same.
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

    private static async Task Callback_that_throws_at_the_stop_ends_nothing(LogUnderTest log)
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
        Expect.Equal("thrown by a callback", live.LastError?.Message, "the last error of the listener");
        entered.Dispose();
    }

    // Not waited for inside: a subscription that lets the call in shows that by its answer, not by hanging.
    private static async Task Subscription_steered_from_inside_a_transaction_refuses_and_ends(LogUnderTest log)
    {
        var bus = new EventBus(StoreOf(log.Log), Hasty);
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", Collect([])).ConfigureAwait(false);
            var listener = await bus.SubscribeLiveRawAsync(EventFilter.All, static (_, _) => Task.CompletedTask).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(own, 1).ConfigureAwait(false);
            Func<Task>[] calls =
            [
                () => own.PauseAsync(), () => own.ResumeAsync(), () => own.ResetAsync(StartFrom.Beginning), () => own.ResetAsync<object>(StartFrom.Beginning, _ => { }), () => own.RetryAllAsync(), () => own.RetryAsync("s"),
                () => own.DiscardAsync("s"), () => own.WaitForPositionAsync(GlobalPosition.FromInt64(2)),
            ];
            foreach (var call in calls)
            {
                var begun = await log.WorkAsync(() => new[] { call() }).ConfigureAwait(false);
                await Expect.ThrowsAsync<InvalidOperationException>(() => begun[0].WaitAsync(Patience), "a call from inside").ConfigureAwait(false);
            }

            Expect.Equal(SubscriptionState.Live, own.State, "the state");
            Func<ValueTask>[] ends = [listener.DisposeAsync, own.DisposeAsync, bus.DisposeAsync, bus.DisposeAsync];
            foreach (var end in ends)
                Expect.True((await log.WorkAsync(() => new[] { end().AsTask() }).ConfigureAwait(false))[0].IsCompletedSuccessfully, "a disposal from inside does not wait");
            await own.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Stopped, own.State, "the state after the disposal");
        }
    }
}
