using System.Collections.Concurrent;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Subscriptions at the head of the log: the reads and waits per event, and that no partition waits for another.</summary>
internal static class HeadCases
{
    private static readonly bool[] Kinds = [false, true];

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Event_at_the_head_costs_a_subscription_one_read_and_one_wait),
        ContractCase.Of(Checkpoint_due_at_the_head_reads_no_page),
        ContractCase.Of(Busy_partition_at_the_head_delays_no_other),
        ContractCase.Of(Partitions_at_the_head_recover_from_failures_of_the_log),
    ];

    private static async Task<Subscription> LiveAsync(EventBus bus, LogUnderTest log, string name, SubscriptionHandler handler, SubscriptionOptions options)
    {
        var subscription = await bus.SubscribeAsync(name, handler, options).ConfigureAwait(false);
        await log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Live && subscription.ActivePartitions == (options.IsPartitioned ? 16 : 1), "it is live").ConfigureAwait(false);
        return subscription;
    }

    private static async Task<long> AppendAsync(LogUnderTest log, string stream) => (await log.AppendAsync(stream, Make.Event()).ConfigureAwait(false)).LastPosition.ToInt64();

    private static async Task Event_at_the_head_costs_a_subscription_one_read_and_one_wait(LogUnderTest log)
    {
        foreach (var isPartitioned in Kinds)
        {
            var counting = new CountingLog(log);
            var received = new ConcurrentQueue<long>();
            var stored = new List<long>();
            var bus = On(log, new EventStore(counting, EventTypeMap.Empty));
            await using (bus.ConfigureAwait(false))
            {
                var options = new SubscriptionOptions { From = StartFrom.End, IsPartitioned = isPartitioned, CheckpointAfter = TimeSpan.FromHours(1) };
                var subscription = await LiveAsync(bus, log, $"s-{isPartitioned}", Collect(received), options).ConfigureAwait(false);
                await log.Changed.UntilAsync(() => counting.Waits > 0, "it waits").ConfigureAwait(false);
                var (reads, waits) = (counting.Reads, counting.Waits);
                for (var i = 1; i <= 40; i++)
                {
                    stored.Add(await AppendAsync(log, $"s-{i}").ConfigureAwait(false));
                    await WaitAsync(subscription, stored[^1]).ConfigureAwait(false);
                    await log.Changed.UntilAsync(() => counting.Waits == waits + i, "it waits again").ConfigureAwait(false);
                    Expect.Equal(reads + i, counting.Reads, $"pages read after event {i}, partitioned: {isPartitioned}");
                }
            }

            Expect.Equal(stored, received, "the received events");
        }
    }

    private static async Task Checkpoint_due_at_the_head_reads_no_page(LogUnderTest log)
    {
        foreach (var isPartitioned in Kinds)
        {
            var counting = new CountingLog(log);
            var bus = On(log, new EventStore(counting, EventTypeMap.Empty));
            await using (bus.ConfigureAwait(false))
            {
                var options = new SubscriptionOptions { IsPartitioned = isPartitioned, CheckpointAfter = TimeSpan.FromMilliseconds(50) };
                var subscription = await LiveAsync(bus, log, $"s-{isPartitioned}", Collect([]), options).ConfigureAwait(false);
                await log.Changed.UntilAsync(() => counting.Waits > 0, "it waits").ConfigureAwait(false);
                for (var i = 1; i <= 3; i++)
                {
                    var (reads, writes) = (counting.Reads, counting.Writes);
                    await WaitAsync(subscription, await AppendAsync(log, "s").ConfigureAwait(false)).ConfigureAwait(false);
                    await log.Changed.UntilAsync(() => counting.Writes > writes, "the checkpoint is written").ConfigureAwait(false);
                    if (i > 1) Expect.Equal(reads + 1, counting.Reads, $"pages read for the checkpoint before and event {i}, partitioned: {isPartitioned}");
                }
            }
        }
    }

    private static async Task Busy_partition_at_the_head_delays_no_other(LogUnderTest log)
    {
        const int streams = 40, perStream = 5;
        var (received, partitions) = (new ConcurrentQueue<(string Stream, long Version)>(), new ConcurrentDictionary<string, int>());
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await LiveAsync(bus, log, "partitioned", SubscriptionHandler.RawEach(async (e, delivery, _) =>
            {
                partitions[e.StreamId.Value] = delivery.Partition;
                received.Enqueue((e.StreamId.Value, e.Version));
                log.Changed.Set();
                if (e.StreamId == "stuck") await release.Task.ConfigureAwait(false);
            }), new() { IsPartitioned = true, MaxConcurrency = 16 }).ConfigureAwait(false);
            for (var stream = 0; stream < streams; stream++) await AppendAsync(log, $"s-{stream}").ConfigureAwait(false);
            await AppendAsync(log, "stuck").ConfigureAwait(false);
            await log.Changed.UntilAsync(() => partitions.Count == streams + 1, "the first of each has been received").ConfigureAwait(false);
            var beside = partitions.Count(s => s.Value != partitions["stuck"]);
            for (var i = 1; i < perStream; i++)
                for (var stream = 0; stream < streams; stream++) await AppendAsync(log, $"s-{stream}").ConfigureAwait(false);
            await log.Changed.UntilAsync(() => received.Count == streams + 1 + (beside * (perStream - 1)), "all but one partition continue").ConfigureAwait(false);
            release.SetResult();
            await WaitAsync(subscription, 1 + (streams * perStream)).ConfigureAwait(false);
        }

        Expect.Equal(1 + (streams * perStream), received.Count, "the number of received events");
        foreach (var stream in received.GroupBy(e => e.Stream)) Expect.Equal(Make.CountTo(stream.Key == "stuck" ? 1 : perStream), stream.Select(e => e.Version), $"the received events of {stream.Key}");
    }

    private static async Task Partitions_at_the_head_recover_from_failures_of_the_log(LogUnderTest log)
    {
        var troubled = new TroubledLog(log.Log);
        var received = new ConcurrentQueue<long>();
        var bus = On(log, new EventStore(troubled, EventTypeMap.Empty));
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await LiveAsync(bus, log, "partitioned", Collect(received), new() { IsPartitioned = true }).ConfigureAwait(false);
            foreach (var operation in new[] { nameof(IEventLog.ReadAsync), nameof(IEventLog.WaitAsync) })
            {
                var left = 8;
                troubled.Trouble = asked => asked == operation && Interlocked.Decrement(ref left) >= 0 ? new StoreUnavailableException("The log is busy.") : null;
                var last = 0L;
                for (var i = 0; i < 10; i++) last = await AppendAsync(log, $"s-{i}").ConfigureAwait(false);
                await WaitAsync(subscription, last).ConfigureAwait(false);
            }
        }

        Expect.Equal(Make.CountTo(20), received.Distinct().Order(), "the received events, at least once");
    }
}
