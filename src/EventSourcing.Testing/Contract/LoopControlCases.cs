using System.Collections.Concurrent;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Calls that control a subscription or a bus from inside its own handlers, callbacks and transactions.</summary>
internal static class LoopControlCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Handler_that_disposes_its_subscription_completes_and_receives_no_further_event),
        ContractCase.Of(Handler_that_controls_its_own_subscription_is_refused_at_once),
        ContractCase.Of(Task_that_outlives_its_handler_may_control_the_subscription),
        ContractCase.Of(Subscription_controlled_inside_a_transaction_refuses_and_can_be_disposed, LogCapabilities.UserWork),
        ContractCase.Of(Handlers_that_dispose_each_others_subscriptions_complete),
        ContractCase.Of(Durable_handler_may_dispose_its_bus),
        ContractCase.Of(Live_handler_may_dispose_its_bus),
        ContractCase.Of(Live_handler_that_disposes_its_bus_does_not_wait_for_other_handlers),
        ContractCase.Of(State_change_handler_that_controls_its_subscription_is_refused_and_the_subscription_continues),
        ContractCase.Of(Filter_key_effect_and_reset_function_that_control_their_subscription_are_refused, LogCapabilities.UserWork),
        ContractCase.Of(Predicate_of_a_live_subscription_may_dispose_it),
    ];

    private static async Task Handler_that_disposes_its_subscription_completes_and_receives_no_further_event(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        Subscription own = null!;
        var ready = new TaskCompletionSource();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach(async (e, _, _) =>
            {
                await ready.Task.ConfigureAwait(false);
                await own.DisposeAsync().ConfigureAwait(false);
                received.Enqueue(e.Position.ToInt64());
            })).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
            ready.SetResult();
            await log.Changed.UntilAsync(() => own.State == SubscriptionState.Stopped, "it has stopped").ConfigureAwait(false);
            await own.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal([1L], received, "the received events");
            Expect.Equal(1L, await CheckpointAsync(log, "own").ConfigureAwait(false), "the checkpoint");
            Expect.Equal(0, bus.Subscriptions.Count, "the subscriptions that are listed");
        }
    }

    private static async Task Handler_that_controls_its_own_subscription_is_refused_at_once(LogUnderTest log)
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
            foreach (var message in refused) Expect.True(message.Contains("DisposeAsync", StringComparison.Ordinal), $"'{message}' names the call that is allowed");
            Expect.Equal(0L, (await own.GetStatusAsync().ConfigureAwait(false)).Failures, "the failures");
        }
    }

    private static async Task Task_that_outlives_its_handler_may_control_the_subscription(LogUnderTest log)
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
            // Another call of the handler is running: not the one that started the task.
            released.SetResult();
            stuck.SetResult();
            await (await late.Task.ConfigureAwait(false)).WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Paused, own.State, "the state");
        }
    }

    private static async Task Handlers_that_dispose_each_others_subscriptions_complete(LogUnderTest log)
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

    private static async Task Durable_handler_may_dispose_its_bus(LogUnderTest log)
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
        Expect.Equal(SubscriptionState.Stopped, durable.State, "the state of the durable subscription");
        Expect.Equal(0, bus.LiveSubscriptions.Count, "the live subscriptions");
    }

    private static async Task Live_handler_that_disposes_its_bus_does_not_wait_for_other_handlers(LogUnderTest log)
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
                // It waited for the other handler until the stop timeout ended.
                disposed.TrySetException(e);
            }
        }).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await busy.Task.WaitAsync(Patience).ConfigureAwait(false);
        ready.SetResult();
        await disposed.Task.WaitAsync(Patience).ConfigureAwait(false);
        stuck.SetResult();
        await bus.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
        Expect.Equal(0, bus.LiveSubscriptions.Count, "the live subscriptions");
    }

    private static async Task Filter_key_effect_and_reset_function_that_control_their_subscription_are_refused(LogUnderTest log)
    {
        Subscription own = null!;
        var (refused, taken) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        void Control(string where)
        {
            var call = own.PauseAsync();
            (call is { IsFaulted: true, Exception.InnerException: InvalidOperationException } ? refused : taken).Enqueue(where);
        }

        var (filtered, handled) = (0, 0);
        var bus = new EventBus(new EventStore(log.Log, CaseEvents.Types));
        await using (bus.ConfigureAwait(false))
        {
            var filter = EventFilter.Where(_ =>
            {
                Control("filter");
                // The second call is made as a part of the handler's call.
                return ++filtered == 2 ? throw new InvalidOperationException("once") : true;
            });
            own = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((_, delivery, _) =>
            {
                // The first event is parked, so that the function for keys is called.
                if (++handled <= 2) throw new InvalidOperationException("broken");
                delivery.Enlist<object>(_ => Control("effect"));
                return Task.CompletedTask;
            }), new()
            {
                Filter = filter,
                OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park },
                CheckpointEvery = 1,
                PartitionKey = e =>
                {
                    Control("key");
                    return e.StreamId.Value;
                },
            }).ConfigureAwait(false);
            for (var i = 1; i <= 4; i++) await log.AppendAsync($"s-{i}", Make.Event("taken")).ConfigureAwait(false);
            await WaitAsync(own, 4).ConfigureAwait(false);
            await own.ResetAsync<object>(StartFrom.End, _ => Control("reset")).WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal([], taken, "what was not refused");
            Expect.Equal(["effect", "filter", "key", "reset"], refused.Distinct().Order(StringComparer.Ordinal), "what was refused");
        }
    }

    private static async Task Predicate_of_a_live_subscription_may_dispose_it(LogUnderTest log)
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

    private static async Task State_change_handler_that_controls_its_subscription_is_refused_and_the_subscription_continues(LogUnderTest log)
    {
        var refused = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        var received = new ConcurrentQueue<long>();
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
                var call = bus.Subscriptions.Single(s => s.Name == name).ResumeAsync();
                if (call.IsFaulted) refused.TrySetResult(call.Exception!.InnerException!);
            };
            var own = await bus.SubscribeAsync("own", Collect(received)).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => own.State == SubscriptionState.Live, "it is live").ConfigureAwait(false);
            await own.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            Expect.True(await refused.Task.WaitAsync(Patience).ConfigureAwait(false) is InvalidOperationException, "the refusal is InvalidOperationException");
            await own.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(own, 1).ConfigureAwait(false);
        }
    }

    // The calls are not awaited inside: a subscription that accepts one then fails the case instead of hanging it.
    private static async Task Subscription_controlled_inside_a_transaction_refuses_and_can_be_disposed(LogUnderTest log)
    {
        var bus = new EventBus(StoreOf(log.Log), Hasty);
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", Collect([])).ConfigureAwait(false);
            var subscription = await bus.SubscribeLiveRawAsync(EventFilter.All, static (_, _) => Task.CompletedTask).ConfigureAwait(false);
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
            Func<ValueTask>[] ends = [subscription.DisposeAsync, own.DisposeAsync, bus.DisposeAsync];
            foreach (var end in ends)
                Expect.True((await log.WorkAsync(() => new[] { end().AsTask() }).ConfigureAwait(false))[0].IsCompletedSuccessfully, "a disposal from inside does not wait");
            await own.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Stopped, own.State, "the state after the disposal");
        }
    }
}
