using System.Collections.Concurrent;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Several runners of one name: one is active, or they share the segments of a group.</summary>
internal static class LeaseCases
{
    private static readonly EventBusOptions Patient = new() { LeaseTimeout = TimeSpan.FromMinutes(1), StopTimeout = TimeSpan.FromHours(1), TimeProvider = new EarlyClock(100) };

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Second_runner_of_a_name_waits_and_takes_over_at_once_when_the_first_stops),
        ContractCase.Of(Group_keeps_the_order_per_key_and_delivers_once),
        ContractCase.Of(Group_is_shared_and_handed_over_without_repeats),
        ContractCase.Of(Group_and_single_subscription_do_not_share_a_name),
    ];

    private static async Task Second_runner_of_a_name_waits_and_takes_over_at_once_when_the_first_stops(LogUnderTest log)
    {
        var (seenByFirst, seenBySecond) = (new ConcurrentQueue<long>(), new ConcurrentQueue<long>());
        var (first, second) = (On(log, Patient), On(log, Patient));
        await using (second.ConfigureAwait(false))
        {
            Subscription waiting;
            await using (first.ConfigureAwait(false))
            {
                var active = await first.SubscribeAsync("one", Collect(seenByFirst)).ConfigureAwait(false);
                await log.Changed.UntilAsync(() => active.State == SubscriptionState.Live, "the first is live").ConfigureAwait(false);
                waiting = await second.SubscribeAsync("one", Collect(seenBySecond)).ConfigureAwait(false);
                await log.AppendAsync("s", Make.Numbered(20)).ConfigureAwait(false);
                await WaitAsync(active, 20).ConfigureAwait(false);
                Expect.Equal((SubscriptionState.Standby, 0), (waiting.State, seenBySecond.Count), "the second runner");
                await Expect.ThrowsAsync<InvalidOperationException>(() => waiting.PauseAsync(), "a pause of the second").ConfigureAwait(false);
            }

            await log.AppendAsync("s", Make.Numbered(20)).ConfigureAwait(false);
            await WaitAsync(waiting, 40).ConfigureAwait(false);
        }

        Expect.Equal(Make.CountTo(20), seenByFirst, "what came to the first");
        Expect.Equal(Make.CountTo(40).Skip(20), seenBySecond, "what came to the second");
    }

    private static SubscriptionHandler CollectVersions(LogUnderTest log, ConcurrentQueue<(string, long)> seen) => SubscriptionHandler.RawEach(async (e, _, _) =>
    {
        await Task.Yield();
        seen.Enqueue((e.StreamId.Value, e.Version));
        log.Changed.Set();
    });

    private static void ExpectEachOnceInOrder(ConcurrentQueue<(string Stream, long Version)> seen, int streams, int perStream)
    {
        Expect.Equal(streams * perStream, seen.Count, "how many came");
        foreach (var stream in seen.GroupBy(e => e.Stream)) Expect.Equal(Make.CountTo(perStream), stream.Select(e => e.Version), $"what came of {stream.Key}");
    }

    private static async Task Group_keeps_the_order_per_key_and_delivers_once(LogUnderTest log)
    {
        for (var i = 0; i < 10; i++)
            for (var stream = 0; stream < 50; stream++) await log.AppendAsync($"s-{stream}", Make.Event()).ConfigureAwait(false);
        var seen = new ConcurrentQueue<(string, long)>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("group", CollectVersions(log, seen), new() { IsPartitioned = true, MaxConcurrency = 4 }).ConfigureAwait(false);
            await WaitAsync(subscription, 500).ConfigureAwait(false);
            Expect.Equal(16, subscription.ActivePartitions, "the segments");
        }

        ExpectEachOnceInOrder(seen, streams: 50, perStream: 10);
    }

    private static async Task Group_is_shared_and_handed_over_without_repeats(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<(string, long)>();
        var group = new SubscriptionOptions { IsPartitioned = true, MaxConcurrency = 2 };
        async Task AppendAsync()
        {
            for (var i = 0; i < 5; i++)
                for (var stream = 0; stream < 30; stream++) await log.AppendAsync($"s-{stream}", Make.Event()).ConfigureAwait(false);
        }

        var (first, second) = (On(log, Patient), On(log, Patient));
        await using (second.ConfigureAwait(false))
        {
            Subscription two;
            await using (first.ConfigureAwait(false))
            {
                var one = await first.SubscribeAsync("group", CollectVersions(log, seen), group).ConfigureAwait(false);
                await AppendAsync().ConfigureAwait(false);
                await log.Changed.UntilAsync(() => one.ActivePartitions == 16, "the first has every segment").ConfigureAwait(false);
                two = await second.SubscribeAsync("group", CollectVersions(log, seen), group).ConfigureAwait(false);
                await log.Changed.UntilAsync(() => (one.ActivePartitions, two.ActivePartitions) == (8, 8), "both have half").ConfigureAwait(false);
                await AppendAsync().ConfigureAwait(false);
                await log.Changed.UntilAsync(() => seen.Count >= 300, "everything came").ConfigureAwait(false);
            }

            await AppendAsync().ConfigureAwait(false);
            await WaitAsync(two, 450).ConfigureAwait(false);
            Expect.Equal(16, two.ActivePartitions, "the segments of the second");
        }

        ExpectEachOnceInOrder(seen, streams: 30, perStream: 15);
    }

    private static async Task Group_and_single_subscription_do_not_share_a_name(LogUnderTest log)
    {
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            foreach (var isGroup in new[] { false, true })
            {
                await (await bus.SubscribeAsync($"kind-{isGroup}", Collect([]), new() { IsPartitioned = isGroup }).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
                await Expect.ThrowsAsync<InvalidOperationException>(() => bus.SubscribeAsync($"kind-{isGroup}", Collect([]), new() { IsPartitioned = !isGroup }), "the other kind").ConfigureAwait(false);
            }
        }
    }
}
