using System.Collections.Concurrent;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Resets: all partitions in one transaction, with the user's function or without it.</summary>
internal static class LoopResetCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Reset_of_a_paused_subscription_leaves_it_paused_at_the_new_position),
        ContractCase.Of(Reset_of_a_partitioned_subscription_with_a_function_is_one_transaction, LogCapabilities.UserWork),
        ContractCase.Of(Reset_runs_no_function_when_a_lease_is_lost_just_before_its_transaction, LogCapabilities.UserWork),
    ];

    private static async Task Reset_of_a_paused_subscription_leaves_it_paused_at_the_new_position(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", Collect(received)).ConfigureAwait(false);
            await WaitAsync(own, 2).ConfigureAwait(false);
            await own.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            await own.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal((SubscriptionState.Paused, 0L), (own.State, await CheckpointAsync(log, "own").ConfigureAwait(false)), "state and checkpoint");
            await Expect.ThrowsAsync<SubscriptionException>(() => WaitAsync(own, 2), "a wait").ConfigureAwait(false);
            await own.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(own, 2).ConfigureAwait(false);
            Expect.Equal([1L, 2, 1, 2], received, "the received events");
        }
    }

    private static async Task Reset_of_a_partitioned_subscription_with_a_function_is_one_transaction(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        for (var i = 0; i < 20; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var own = await bus.SubscribeAsync("own", Collect(received), new() { IsPartitioned = true, CheckpointEvery = 1 }).ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            var marks = 0;
            void Mark() => marks++;
            await Expect.ThrowsAsync<ArgumentException>(() => own.ResetAsync<object>(StartFrom.Beginning, async _ => await Task.Yield()), "an asynchronous function").ConfigureAwait(false);
            await Expect.ThrowsAsync<FormatException>(() => own.ResetAsync<object>(StartFrom.Beginning, _ =>
            {
                Mark();
                throw new FormatException("no");
            }).WaitAsync(Patience), "a function that throws").ConfigureAwait(false);
            using var given = new CancellationTokenSource();
            await given.CancelAsync().ConfigureAwait(false);
            await Expect.ThrowsAsync<OperationCanceledException>(() => own.ResetAsync<object>(StartFrom.Beginning, _ => Mark(), given.Token), "a cancelled reset").ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            Expect.Equal((20, 1), (received.Count, marks), "events and calls of the function after the resets that failed");

            await StealAsync(log, "own/07").ConfigureAwait(false);
            await Expect.ThrowsAsync<Exception>(() => own.ResetAsync<object>(StartFrom.Beginning, _ => Mark()).WaitAsync(Patience), "a reset without one of the leases").ConfigureAwait(false);
            Expect.Equal(1, marks, "calls of the function, as the lease was lost before");
        }

        var again = On(log, Hasty);
        await using (again.ConfigureAwait(false))
        {
            received.Clear();
            var own = await again.SubscribeAsync("own", Collect(received), new() { IsPartitioned = true }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => own.ActivePartitions == 16, "all partitions are active").ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            Expect.Equal(0, received.Count, "the received events, as nothing was reset");
            var marks = 0;
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => own.ResetAsync<object>(StartFrom.Beginning, _ => marks++))).WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            Expect.Equal(Make.CountTo(20), received.Distinct().Order(), "the events delivered again");
            Expect.Equal(3, marks, "calls of the function");
        }
    }

    private static async Task Reset_runs_no_function_when_a_lease_is_lost_just_before_its_transaction(LogUnderTest log)
    {
        var troubled = new TroubledLog(log.Log);
        var bus = On(log, StoreOf(troubled));
        await using (bus.ConfigureAwait(false))
        {
            for (var i = 0; i < 20; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
            var own = await bus.SubscribeAsync("own", Collect([]), new() { IsPartitioned = true, CheckpointEvery = 1 }).ConfigureAwait(false);
            await WaitAsync(own, 20).ConfigureAwait(false);
            // Called when all partitions wait for the transaction.
            troubled.Trouble = operation =>
            {
#pragma warning disable RS0030 // The case steals the lease before the call continues; there is no asynchronous place for it.
                if (operation == TroubledLog.UserWork) StealAsync(log, "own/07").GetAwaiter().GetResult();
#pragma warning restore RS0030
                return null;
            };
            var works = 0;
            var lost = await Expect.ThrowsAsync<LeaseLostException>(() => own.ResetAsync<object>(StartFrom.Beginning, _ => works++).WaitAsync(Patience), "the reset").ConfigureAwait(false);
            Expect.Equal(("own/07", 0), (lost.Name, works), "the lease, and the calls of the function");
            Expect.Equal(Enumerable.Repeat(20L, 16), await CheckpointsAsync().ConfigureAwait(false), "the checkpoints");
        }

        async Task<long[]> CheckpointsAsync() =>
            [.. (await log.Log.ReadRecordsAsync(RecordKind.Checkpoint, "own/", "own/~", 16, CancellationToken.None).ConfigureAwait(false)).Select(r => BitConverter.ToInt64(r.Value.Span[2..]))];
    }
}
