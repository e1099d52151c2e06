using System.Collections.Concurrent;
using EventSourcing.Subscriptions;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Handlers that throw: attempts, pauses, and events set aside.</summary>
internal static class FailureCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Failing_handler_pauses_before_its_event_and_resumes_at_it),
        ContractCase.Of(Failing_batch_is_delivered_one_by_one),
        ContractCase.Of(Parking_holds_the_keys_later_events_and_nothing_else),
        ContractCase.Of(Parked_events_are_retried_in_order_before_new_ones),
        ContractCase.Of(Parked_events_are_retried_up_to_a_point_and_discarded),
        ContractCase.Of(Parked_events_survive_the_runner),
    ];

    private static async Task Failing_handler_pauses_before_its_event_and_resumes_at_it(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var attempts = new ConcurrentQueue<(long, int)>();
        var isBroken = true;
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.EachRaw((e, delivery, _) =>
            {
                attempts.Enqueue((e.Position.ToInt64(), delivery.Attempt));
                return isBroken && e.Position.ToInt64() == 3 ? throw new InvalidOperationException("broken") : default;
            });
            var subscription = await subscriber.StartAsync("fragile", handler, new() { OnFailure = OnFailure.RetryThenPause(times: 2, TimeSpan.Zero) }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            Expect.Equal(2, await CheckpointAsync(log, "fragile").ConfigureAwait(false), "the checkpoint");
            var error = (await subscription.GetStatusAsync().ConfigureAwait(false)).LastError as SubscriptionException;
            Expect.Equal(("fragile", 3L, 3), (error?.Name, error?.Position.ToInt64(), error?.Attempts), "the error");
            isBroken = false;
            await subscription.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            Expect.Equal([(1, 1), (2, 1), (3, 1), (3, 2), (3, 3), (3, 1), (4, 1), (5, 1)], attempts, "the attempts");
        }
    }

    private static async Task Failing_batch_is_delivered_one_by_one(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(5)).ConfigureAwait(false);
        await log.AppendAsync("b", Make.Numbered(5)).ConfigureAwait(false);
        var sizes = new ConcurrentQueue<int>();
        var done = new ConcurrentQueue<long>();
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawBatches((events, _, _) =>
            {
                sizes.Enqueue(events.Length);
                foreach (var e in events.Span)
                    if (e.Position.ToInt64() == 4) throw new InvalidOperationException("broken");
                foreach (var e in events.Span) done.Enqueue(e.Position.ToInt64());
                return default;
            });
            var subscription = await subscriber.StartAsync("batch", handler, new() { OnFailure = OnFailure.RetryThenPark(times: 0) }).ConfigureAwait(false);
            await WaitAsync(subscription, 10).ConfigureAwait(false);
            Expect.Equal([4, 5], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
        }

        Expect.Equal(10, sizes.First(), "the first batch");
        Expect.Equal([1, 2, 3, 6, 7, 8, 9, 10], done, "what was done");
    }

    private static async Task<(Subscription Subscription, ConcurrentQueue<long> Seen, Action Fix)> ParkingAsync(LogUnderTest log, Subscriber subscriber)
    {
        for (var i = 0; i < 12; i++) await log.AppendAsync($"s-{i % 3}", Make.Event()).ConfigureAwait(false);
        var seen = new ConcurrentQueue<long>();
        var isBroken = true;
        var handler = SubscriptionHandler.EachRaw((e, _, _) =>
        {
            if (isBroken && e.Position.ToInt64() == 5) throw new InvalidOperationException("broken");
            seen.Enqueue(e.Position.ToInt64());
            return default;
        });
        var subscription = await subscriber.StartAsync("parking", handler, new() { OnFailure = OnFailure.RetryThenPark(times: 2, TimeSpan.Zero) }).ConfigureAwait(false);
        await WaitAsync(subscription, 12).ConfigureAwait(false);
        return (subscription, seen, () => isBroken = false);
    }

    private static async Task Parking_holds_the_keys_later_events_and_nothing_else(LogUnderTest log)
    {
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var (subscription, seen, _) = await ParkingAsync(log, subscriber).ConfigureAwait(false);
            Expect.Equal([1, 2, 3, 4, 6, 7, 9, 10, 12], seen, "what came");
            var parked = new List<ParkedEvent>();
            await foreach (var e in subscription.ReadParkedAsync().ConfigureAwait(false)) parked.Add(e);
            Expect.Equal([(5, 3), (8, 0), (11, 0)], parked.Select(p => (p.Event.Position.ToInt64(), p.Attempts)), "what is parked, and its attempts");
            Expect.True(parked.TrueForAll(p => p.Key == "s-1" && p.Event.Text() == "{}"), "keys and bytes");
            Expect.Equal("InvalidOperationException: broken", parked[0].Reason, "the reason");
            var status = await subscription.GetStatusAsync().ConfigureAwait(false);
            Expect.Equal((3L, parked[0].ParkedAt), (status.Parked, status.ParkedSince), "count and age");
        }
    }

    private static async Task Parked_events_are_retried_in_order_before_new_ones(LogUnderTest log)
    {
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var (subscription, seen, fix) = await ParkingAsync(log, subscriber).ConfigureAwait(false);
            Expect.Equal(0, await subscription.RetryAsync("s-1").WaitAsync(Patience).ConfigureAwait(false), "handled by a retry that fails");
            Expect.Equal([5, 8, 11], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked still");
            fix();
            seen.Clear();
            Expect.Equal(3, await subscription.RetryAsync("s-1").WaitAsync(Patience).ConfigureAwait(false), "handled by a retry");
            var last = await log.AppendAsync("s-1", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, last.LastPosition.ToInt64()).ConfigureAwait(false);
            Expect.Equal([5, 8, 11, 13], seen, "what came");
            Expect.Equal([], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
        }
    }

    private static async Task Parked_events_are_retried_up_to_a_point_and_discarded(LogUnderTest log)
    {
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var (subscription, seen, fix) = await ParkingAsync(log, subscriber).ConfigureAwait(false);
            fix();
            seen.Clear();
            Expect.Equal(2, await subscription.RetryAllAsync(GlobalPosition.FromInt64(8)).WaitAsync(Patience).ConfigureAwait(false), "handled");
            await log.AppendAsync("s-1", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, 13).ConfigureAwait(false);
            Expect.Equal([11, 13], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked still");
            Expect.Equal(2, await subscription.DiscardAsync("s-1").WaitAsync(Patience).ConfigureAwait(false), "discarded");
            await log.AppendAsync("s-1", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, 14).ConfigureAwait(false);
            Expect.Equal([5, 8, 14], seen, "what came");
        }
    }

    private static async Task Parked_events_survive_the_runner(LogUnderTest log)
    {
        var first = On(log);
        await using (first.ConfigureAwait(false)) await ParkingAsync(log, first).ConfigureAwait(false);
        var second = On(log);
        await using (second.ConfigureAwait(false))
        {
            var seen = new ConcurrentQueue<long>();
            var subscription = await second.StartAsync("parking", Collect(seen)).ConfigureAwait(false);
            var last = await log.AppendAsync("s-1", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, last.LastPosition.ToInt64()).ConfigureAwait(false);
            Expect.Equal([], seen, "what came of the parked key");
            Expect.Equal(4, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "handled by the retry");
            Expect.Equal([5, 8, 11, 13], seen, "what came");
        }
    }
}
