using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>What a program without subscriptions can read about those of other programs.</summary>
internal static class RecordedCases
{
    // No lease is renewed during the case.
    private static readonly EventBusOptions Quiet = new() { LeaseTimeout = TimeSpan.FromHours(1) };

    // A format that no version has written.
    private static readonly byte[] Damaged = [9];

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Subscriptions_are_listed_by_a_program_that_runs_no_subscription),
        ContractCase.Of(Log_without_subscriptions_lists_none),
        ContractCase.Of(Damaged_record_of_a_subscription_is_reported_and_hides_no_other),
        ContractCase.Of(Parked_events_are_listed_by_a_program_that_runs_no_subscription),
        ContractCase.Of(Damaged_parked_record_hides_no_other),
    ];

    private static async Task Subscriptions_are_listed_by_a_program_that_runs_no_subscription(LogUnderTest log)
    {
        for (var i = 0; i < 3; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            await WaitAsync(await bus.SubscribeAsync("alone", Collect([])).ConfigureAwait(false), 3).ConfigureAwait(false);
            await WaitAsync(await bus.SubscribeAsync("shared", Collect([]), new() { IsPartitioned = true }).ConfigureAwait(false), 3).ConfigureAwait(false);
            var running = await SubscriptionsAsync(log).ConfigureAwait(false);
            Expect.Equal(["alone", "shared"], running.Select(s => s.Name), "names");
            Expect.Equal([false, true], running.Select(s => s.IsPartitioned), "which are partitioned");
            Expect.Equal(Enumerable.Range(0, 16), running[1].Partitions.Select(p => p.Partition), "partitions");
            foreach (var partition in running.SelectMany(s => s.Partitions))
                Expect.Equal((bus.Owner, true, true), (partition.Owner ?? default, partition.FencingToken > 0, partition.Error is null), "owner, a fencing token, no error");
        }

        var stopped = await SubscriptionsAsync(log).ConfigureAwait(false);
        Expect.Equal([3L, 3L], stopped.Select(s => s.Position.ToInt64()), "checkpoints");
        foreach (var partition in stopped.SelectMany(s => s.Partitions))
            Expect.Equal((null, 3L, 3L), (partition.Owner, partition.Checkpoint!.Value.ToInt64(), partition.Furthest!.Value.ToInt64()), "owner, checkpoint, furthest");
    }

    private static async Task Log_without_subscriptions_lists_none(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        Expect.Equal(0, (await SubscriptionsAsync(log).ConfigureAwait(false)).Count, "subscriptions");
        Expect.Equal(0, (await ParkedAsync(log, "none").ConfigureAwait(false)).Count, "parked events");
    }

    private static async Task Damaged_record_of_a_subscription_is_reported_and_hides_no_other(LogUnderTest log)
    {
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            foreach (var name in new[] { "a", "b", "c", "d" }) await bus.SubscribeAsync(name, Collect([]), new() { IsPartitioned = name == "c" }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => bus.Subscriptions.All(s => s.State == SubscriptionState.Live), "all are live").ConfigureAwait(false);
        }

        await log.PutAsync(RecordKind.Checkpoint, "b", Damaged).ConfigureAwait(false);
        await log.PutAsync(RecordKind.Checkpoint, "c/03", Damaged).ConfigureAwait(false);
        await log.PutAsync(RecordKind.Checkpoint, "others/keep/these", Damaged).ConfigureAwait(false);
        await log.PutAsync(RecordKind.Lease, "d", Damaged).ConfigureAwait(false);
        var found = await SubscriptionsAsync(log).ConfigureAwait(false);
        Expect.Equal(["a", "b", "c", "d"], found.Select(s => s.Name), "names");
        var bad = found.SelectMany(s => s.Partitions.Where(p => p.Error is not null).Select(p => $"{s.Name} {p.Partition} {p.Checkpoint is null} {p.FencingToken > 0}"));
        Expect.Equal(["b 0 True True", "c 3 True True", "d 0 False False"], bad, "partitions with a damaged record: number, no checkpoint, fencing token");
    }

    private static async Task Parked_events_are_listed_by_a_program_that_runs_no_subscription(LogUnderTest log)
    {
        await ParkAsync(log, "parking").ConfigureAwait(false);
        await ParkAsync(log, "parking-too").ConfigureAwait(false);
        var parked = await ParkedAsync(log, "parking").ConfigureAwait(false);
        Expect.Equal([2L, 4L, 6L], parked.Select(p => p.Event.Position.ToInt64()).Order(), "positions");
        Expect.Equal(["s-1", "s-3", "s-5"], parked.Select(p => p.PartitionKey).Order(StringComparer.Ordinal), "keys");
        foreach (var one in parked) Expect.Equal((1, true), (one.Attempts, one.Reason.Contains("broken", StringComparison.Ordinal)), "attempts and reason");
    }

    private static async Task Damaged_parked_record_hides_no_other(LogUnderTest log)
    {
        await ParkAsync(log, "parking").ConfigureAwait(false);
        var records = await log.Log.ReadRecordsAsync(RecordKind.Parked, "", null, 1000, CancellationToken.None).ConfigureAwait(false);
        // The first is restored from the log. The events of the other two are not in the log.
        await log.PutAsync(RecordKind.Parked, records[0].Key, Damaged).ConfigureAwait(false);
        string[] lost = [$"{records[1].Key[..^2]}5a", $"{records[1].Key[..^2]}5b"];
        foreach (var key in lost) await log.PutAsync(RecordKind.Parked, key, Damaged).ConfigureAwait(false);
        var listed = new List<long>();
        var error = await Expect.ThrowsAsync<StoreCorruptException>(async () =>
        {
            await foreach (var one in log.Log.ReadParkedAsync("parking").ConfigureAwait(false)) listed.Add(one.Event.Position.ToInt64());
        }, "the list").ConfigureAwait(false);
        Expect.Equal([2L, 4L, 6L], listed.Order(), "what is listed before");
        foreach (var key in lost) Expect.True(error.Message.Contains(key, StringComparison.Ordinal), $"the error names {key}: {error.Message}");
    }

    /// <summary>Every second event of six streams fails.</summary>
    private static async Task ParkAsync(LogUnderTest log, string name)
    {
        if (await log.HeadAsync().ConfigureAwait(false) == 0)
            for (var i = 0; i < 6; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((e, _, _) => e.Position.ToInt64() % 2 == 0 ? throw new InvalidOperationException("broken") : Task.CompletedTask);
            await WaitAsync(await bus.SubscribeAsync(name, handler, new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } }).ConfigureAwait(false), 6).ConfigureAwait(false);
        }
    }

    private static async Task<List<RecordedSubscription>> SubscriptionsAsync(LogUnderTest log)
    {
        var found = new List<RecordedSubscription>();
        await foreach (var one in log.Log.ReadSubscriptionsAsync().ConfigureAwait(false)) found.Add(one);
        return found;
    }

    private static async Task<List<ParkedEvent>> ParkedAsync(LogUnderTest log, string name)
    {
        var parked = new List<ParkedEvent>();
        await foreach (var one in log.Log.ReadParkedAsync(name).ConfigureAwait(false)) parked.Add(one);
        return parked;
    }
}
