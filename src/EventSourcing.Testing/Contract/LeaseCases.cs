using System.Collections.Concurrent;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Several runners of one name: one is active, or they share the partitions of a subscription.</summary>
internal static class LeaseCases
{
    private static readonly EventBusOptions Patient = new() { LeaseTimeout = TimeSpan.FromMinutes(1), StopTimeout = TimeSpan.FromHours(1), TimeProvider = new EarlyClock(100) };

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Second_runner_of_a_name_is_on_standby_and_takes_over_when_the_first_stops),
        ContractCase.Of(Partitioned_subscription_keeps_the_order_per_key_and_delivers_once),
        ContractCase.Of(Partitions_are_shared_and_handed_over_without_repeats),
        ContractCase.Of(Partitioned_and_single_subscription_cannot_share_a_name),
    ];

    private static async Task Second_runner_of_a_name_is_on_standby_and_takes_over_when_the_first_stops(LogUnderTest log)
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

        Expect.Equal(Make.CountTo(20), seenByFirst, "the events received by the first");
        Expect.Equal(Make.CountTo(40).Skip(20), seenBySecond, "the events received by the second");
    }

    private static SubscriptionHandler CollectVersions(LogUnderTest log, ConcurrentQueue<(string, long)> received) => SubscriptionHandler.RawEach(async (e, _, _) =>
    {
        await Task.Yield();
        received.Enqueue((e.StreamId.Value, e.Version));
        log.Changed.Set();
    });

    private static void ExpectEachOnceInOrder(ConcurrentQueue<(string Stream, long Version)> received, int streams, int perStream)
    {
        Expect.Equal(streams * perStream, received.Count, "the number of received events");
        foreach (var stream in received.GroupBy(e => e.Stream)) Expect.Equal(Make.CountTo(perStream), stream.Select(e => e.Version), $"the received events of {stream.Key}");
    }

    private static async Task Partitioned_subscription_keeps_the_order_per_key_and_delivers_once(LogUnderTest log)
    {
        for (var i = 0; i < 10; i++)
            for (var stream = 0; stream < 50; stream++) await log.AppendAsync($"s-{stream}", Make.Event()).ConfigureAwait(false);
        var received = new ConcurrentQueue<(string, long)>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("partitioned", CollectVersions(log, received), new() { IsPartitioned = true, MaxConcurrency = 4 }).ConfigureAwait(false);
            await WaitAsync(subscription, 500).ConfigureAwait(false);
            Expect.Equal(16, subscription.ActivePartitions, "the partitions");
        }

        ExpectEachOnceInOrder(received, streams: 50, perStream: 10);
    }

    private static async Task Partitions_are_shared_and_handed_over_without_repeats(LogUnderTest log)
    {
        var received = new ConcurrentQueue<(string, long)>();
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
                var one = await first.SubscribeAsync("partitioned", CollectVersions(log, received), group).ConfigureAwait(false);
                await AppendAsync().ConfigureAwait(false);
                await log.Changed.UntilAsync(() => one.ActivePartitions == 16, "the first has every partition").ConfigureAwait(false);
                two = await second.SubscribeAsync("partitioned", CollectVersions(log, received), group).ConfigureAwait(false);
                await log.Changed.UntilAsync(() => (one.ActivePartitions, two.ActivePartitions) == (8, 8), "both have half").ConfigureAwait(false);
                await AppendAsync().ConfigureAwait(false);
                await log.Changed.UntilAsync(() => received.Count >= 300, "all events were received").ConfigureAwait(false);
            }

            await AppendAsync().ConfigureAwait(false);
            await WaitAsync(two, 450).ConfigureAwait(false);
            Expect.Equal(16, two.ActivePartitions, "the partitions of the second");
        }

        ExpectEachOnceInOrder(received, streams: 30, perStream: 15);
    }

    private static async Task Partitioned_and_single_subscription_cannot_share_a_name(LogUnderTest log)
    {
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            foreach (var isPartitioned in new[] { false, true })
            {
                await (await bus.SubscribeAsync($"kind-{isPartitioned}", Collect([]), new() { IsPartitioned = isPartitioned }).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
                await Expect.ThrowsAsync<InvalidOperationException>(() => bus.SubscribeAsync($"kind-{isPartitioned}", Collect([]), new() { IsPartitioned = !isPartitioned }), "the other kind").ConfigureAwait(false);
            }
        }
    }
}
