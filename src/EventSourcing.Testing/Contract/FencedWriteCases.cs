using System.Collections.Concurrent;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>What subscriptions write: the maximum length of names, refused writes and their results, and parked events that are retried or discarded.</summary>
internal static class FencedWriteCases
{
    private static readonly EventBusOptions Quiet = new() { LeaseTimeout = TimeSpan.FromHours(1), Randomness = static () => 0 };
    private static readonly SubscriptionOptions ParksAtOnce = new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } };

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Name_that_makes_record_keys_too_long_is_refused_at_the_start),
        ContractCase.Of(Longest_name_parks_retries_and_runs_in_partitions),
        ContractCase.Of(Retry_whose_effects_are_refused_counts_as_an_attempt),
        ContractCase.Of(Retry_of_all_keys_delivers_other_events_in_between),
        ContractCase.Of(Retry_of_all_keys_while_paused_is_done),
        ContractCase.Of(Discard_of_many_removes_them_and_releases_the_key),
        ContractCase.Of(Discard_through_a_position_keeps_the_rest_of_the_key_parked),
        ContractCase.Of(Retry_that_fails_in_the_middle_keeps_the_rest_of_the_key_parked),
        ContractCase.Of(Checkpoint_moved_by_another_program_is_reported_and_read_again),
        ContractCase.Of(Reset_that_meets_a_moved_checkpoint_moves_nothing),
        ContractCase.Of(Effect_over_the_limits_is_handled_by_the_failure_policy),
        ContractCase.Of(Invalid_enlisted_append_is_refused_where_it_is_enlisted),
        ContractCase.Of(Asynchronous_function_is_refused_where_it_is_enlisted, LogCapabilities.UserWork),
        ContractCase.Of(Function_for_an_unsupported_transaction_type_is_refused_where_it_is_enlisted),
    ];

    private static EventStore StoreOf(LogUnderTest log) => new(log.Log, CaseEvents.Types);

    private static async Task Name_that_makes_record_keys_too_long_is_refused_at_the_start(LogUnderTest log)
    {
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            foreach (var name in new[] { new string('注', 158), new string('注', 170), new string('é', 200) + new string('注', 25) })
            {
                var refusal = await Expect.ThrowsAsync<ArgumentException>(() => bus.SubscribeAsync(name, Collect([]), new() { IsPartitioned = true }), "the start").ConfigureAwait(false);
                Expect.True(refusal.Message.Contains("maximum is 472", StringComparison.Ordinal) || name.Length > 200, $"'{refusal.Message}' names the maximum length of a name");
            }

            Expect.Equal(0, bus.Subscriptions.Count, "subscriptions");
            Expect.Equal(0, (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Count, "checkpoints");
        }
    }

    private static async Task Longest_name_parks_retries_and_runs_in_partitions(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var isBroken = true;
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
            foreach (var isPartitioned in new[] { false, true })
            {
                isBroken = true;
                var name = (isPartitioned ? "g" : "s") + "1" + new string('x', 2) + new string('注', 156);
                var subscription = await bus.SubscribeAsync(name, SubscriptionHandler.RawEach((_, _, _) => isBroken ? throw new InvalidOperationException("broken") : Task.CompletedTask), new() { IsPartitioned = isPartitioned, OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } }).ConfigureAwait(false);
                await WaitAsync(subscription, 1).ConfigureAwait(false);
                Expect.Equal([1L], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
                isBroken = false;
                Expect.Equal(1, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "what was handled");
            }
    }

    private static async Task Retry_whose_effects_are_refused_counts_as_an_attempt(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var isBroken = true;
        var bus = On(log, StoreOf(log), Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((_, delivery, _) =>
            {
                if (isBroken) throw new InvalidOperationException("first reason");
                delivery.Append("effects", ExpectedVersion.Exactly(77), [new Added(1)]);
                return Task.CompletedTask;
            }), ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 1).ConfigureAwait(false);
            isBroken = false;
            for (var attempts = 2; attempts <= 3; attempts++)
            {
                Expect.Equal(0, await subscription.RetryAsync("s").WaitAsync(Patience).ConfigureAwait(false), "what was handled");
                var parked = new List<ParkedEvent>();
                await foreach (var one in subscription.ReadParkedAsync().ConfigureAwait(false)) parked.Add(one);
                Expect.Equal((1, attempts), (parked.Count, parked[0].Attempts), "parked events and attempts");
                Expect.True(parked[0].Reason.StartsWith(nameof(WrongExpectedVersionException), StringComparison.Ordinal), $"the reason is the refusal: {parked[0].Reason}");
            }

            var status = await subscription.GetStatusAsync().ConfigureAwait(false);
            Expect.True(status is { Parked: 1, LastError: WrongExpectedVersionException, ParkedReason: { } reason } && reason.StartsWith(nameof(WrongExpectedVersionException), StringComparison.Ordinal), "the status");
            Expect.Equal(0, await log.VersionAsync("effects").ConfigureAwait(false), "effects");
        }
    }

    // The handler of one key appends the event that must be delivered before the event of the last key.
    private static async Task Retry_of_all_keys_delivers_other_events_in_between(LogUnderTest log)
    {
        for (var i = 0; i < 5; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
        var (isBroken, arrived) = (true, new ConcurrentQueue<string>());
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach(async (e, _, _) =>
            {
                if (isBroken) throw new InvalidOperationException("broken");
                if (arrived.IsEmpty) await log.AppendAsync("new", Make.Event()).ConfigureAwait(false);
                arrived.Enqueue(e.StreamId.Category);
            }), ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            isBroken = false;
            Expect.Equal(5, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "what was handled");
            await WaitAsync(subscription, 6).ConfigureAwait(false);
            Expect.Equal(["s", "new", "s", "s", "s", "s"], arrived, "the received events");
            Expect.Equal(0L, (await subscription.GetStatusAsync().ConfigureAwait(false)).Parked, "how many are parked");
        }
    }

    private static async Task Retry_of_all_keys_while_paused_is_done(LogUnderTest log)
    {
        for (var i = 0; i < 5; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
        var (isBroken, arrived) = (true, 0);
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((_, _, _) =>
            {
                if (isBroken) throw new InvalidOperationException("broken");
                arrived++;
                return Task.CompletedTask;
            }), ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            await subscription.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("new", Make.Event()).ConfigureAwait(false);
            isBroken = false;
            Expect.Equal(5, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "what was handled");
            Expect.Equal((5, SubscriptionState.Paused), (arrived, subscription.State), "the received events, and the state");
        }
    }

    private static async Task Discard_of_many_removes_them_and_releases_the_key(LogUnderTest log)
    {
        const int many = 600;
        await log.AppendAsync("s", Make.Numbered(many)).ConfigureAwait(false);
        var (isBroken, arrived) = (true, new ConcurrentQueue<long>());
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((e, _, _) =>
            {
                if (isBroken) throw new InvalidOperationException("broken");
                arrived.Enqueue(e.Position.ToInt64());
                return Task.CompletedTask;
            }), ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, many).ConfigureAwait(false);
            isBroken = false;
            Expect.Equal(many, await subscription.DiscardAsync("s").WaitAsync(Patience).ConfigureAwait(false), "how many were removed");
            Expect.Equal((0, 0L), ((await log.RecordsAsync(RecordKind.Parked).ConfigureAwait(false)).Count, (await subscription.GetStatusAsync().ConfigureAwait(false)).Parked), "what is parked");
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, many + 1).ConfigureAwait(false);
            Expect.Equal([many + 1L], arrived, "the received events");
        }
    }

    private static async Task Discard_through_a_position_keeps_the_rest_of_the_key_parked(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((_, _, _) => throw new InvalidOperationException("broken")), ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            Expect.Equal(3, await subscription.DiscardAsync("s", GlobalPosition.FromInt64(3)).WaitAsync(Patience).ConfigureAwait(false), "how many were removed");
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, 6).ConfigureAwait(false);
            Expect.Equal([4L, 5, 6], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
            Expect.Equal(3L, (await subscription.GetStatusAsync().ConfigureAwait(false)).Parked, "how many are parked");
        }
    }

    private static async Task Retry_that_fails_in_the_middle_keeps_the_rest_of_the_key_parked(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var broken = 0L;
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((e, _, _) =>
                e.Position.ToInt64() >= broken ? throw new InvalidOperationException($"broken at {broken}") : Task.CompletedTask), ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            broken = 3;
            Expect.Equal(2, await subscription.RetryAsync("s").WaitAsync(Patience).ConfigureAwait(false), "what was handled");
            Expect.Equal([3L, 4, 5], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
            var status = await subscription.GetStatusAsync().ConfigureAwait(false);
            Expect.Equal((3L, "InvalidOperationException: broken at 3"), (status.Parked, status.ParkedReason), "how many are parked, and why the first is");
            broken = 99;
            Expect.Equal(3, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "what was handled then");
            Expect.Equal((0L, null), ((await subscription.GetStatusAsync().ConfigureAwait(false)).Parked, (await subscription.GetStatusAsync().ConfigureAwait(false)).ParkedReason), "how many are parked then");
        }
    }

    private static async Task MoveAsync(LogUnderTest log, string key, long position)
    {
        var record = (await log.FindRecordAsync(RecordKind.Checkpoint, key).ConfigureAwait(false))!;
        var value = record.Value.ToArray();
        BitConverter.TryWriteBytes(value.AsSpan(2), position);
        Expect.True(await log.PutAsync(RecordKind.Checkpoint, key, value, record.Revision).ConfigureAwait(false), "moved");
    }

    private static async Task Checkpoint_moved_by_another_program_is_reported_and_read_again(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
        var received = new ConcurrentQueue<long>();
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", Collect(received), new() { CheckpointEvery = 1 }).ConfigureAwait(false);
            await WaitAsync(subscription, 3).ConfigureAwait(false);
            while (await CheckpointAsync(log, "own").ConfigureAwait(false) < 3) await Task.Yield();
            await MoveAsync(log, "own", 1).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            while (await CheckpointAsync(log, "own").ConfigureAwait(false) < 4) await Task.Yield();
            Expect.Equal([1L, 2, 3, 4, 2, 3, 4], received, "the received events");
            var error = (await subscription.GetStatusAsync().ConfigureAwait(false)).LastError as RecordConflictException;
            Expect.Equal((RecordKind.Checkpoint, "own"), (error?.Kind ?? 0, error?.Key), "the last error");
        }
    }

    private static async Task Reset_that_meets_a_moved_checkpoint_moves_nothing(LogUnderTest log)
    {
        for (var i = 0; i < 20; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", Collect([]), new() { IsPartitioned = true, CheckpointEvery = 1 }).ConfigureAwait(false);
            await WaitAsync(subscription, 20).ConfigureAwait(false);
            await subscription.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            // A partition that pauses writes its checkpoint after the call has returned.
            while (await CheckpointAsync(log, "own/07").ConfigureAwait(false) < 20) await Task.Yield();
            await MoveAsync(log, "own/07", 20).ConfigureAwait(false);
            var conflict = await Expect.ThrowsAsync<RecordConflictException>(() => subscription.ResetAsync(StartFrom.Beginning).WaitAsync(Patience), "the reset").ConfigureAwait(false);
            Expect.Equal("own/07", conflict.Key, "the checkpoint");
            Expect.Equal(Enumerable.Repeat(20L, 16), (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Select(r => BitConverter.ToInt64(r.Value.Span[2..])), "the checkpoints");
            await subscription.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal(Enumerable.Repeat(0L, 16), (await log.RecordsAsync(RecordKind.Checkpoint).ConfigureAwait(false)).Select(r => BitConverter.ToInt64(r.Value.Span[2..])), "the checkpoints after another reset");
        }
    }

    private static async Task Effect_over_the_limits_is_handled_by_the_failure_policy(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
        var tooLong = new string('x', new LogLimits().MaxEventBytes);
        var bus = On(log, StoreOf(log), Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((e, delivery, _) =>
            {
                delivery.Append("effects", ExpectedVersion.Any, [new Added(1, e.Position.ToInt64() == 2 ? tooLong : null)]);
                return Task.CompletedTask;
            }), new() { Filter = EventQuery.All.InStream("s"), PartitionKey = e => e.Position.ToString(), OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } }).ConfigureAwait(false);
            await WaitAsync(subscription, 3).ConfigureAwait(false);
            Expect.Equal([2L], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
            Expect.True((await subscription.GetStatusAsync().ConfigureAwait(false)).ParkedReason!.StartsWith(nameof(EventTooLargeException), StringComparison.Ordinal), "the reason");
            Expect.Equal(2, await log.VersionAsync("effects").ConfigureAwait(false), "effects");
        }
    }

    private static async Task<Exception?> EnlistAsync(LogUnderTest log, Action<DeliveryContext> enlist)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        Exception? thrown = null;
        var bus = On(log, StoreOf(log), Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("own", SubscriptionHandler.RawEach((_, delivery, _) =>
            {
                try
                {
                    enlist(delivery);
                }
                catch (Exception e)
                {
                    thrown = e;
                }

                return Task.CompletedTask;
            })).ConfigureAwait(false);
            await WaitAsync(subscription, 1).ConfigureAwait(false);
        }

        return thrown;
    }

    private static async Task Invalid_enlisted_append_is_refused_where_it_is_enlisted(LogUnderTest log) =>
        Expect.True(await EnlistAsync(log, delivery => delivery.Append(new Append())).ConfigureAwait(false) is ArgumentException, "an empty append");

    private static async Task Asynchronous_function_is_refused_where_it_is_enlisted(LogUnderTest log)
    {
        var runs = 0;
        var thrown = await EnlistAsync(log, delivery => delivery.Enlist<object>(async _ =>
        {
            runs++;
            await Task.Yield();
            throw new InvalidOperationException("nobody would hear of it");
        })).ConfigureAwait(false);
        Expect.True(thrown is ArgumentException, $"refused, not {thrown}");
        Expect.Equal(0, runs, "runs");
    }

    private static async Task Function_for_an_unsupported_transaction_type_is_refused_where_it_is_enlisted(LogUnderTest log) =>
        Expect.True(await EnlistAsync(log, delivery => delivery.Enlist<Uri>(_ => { })).ConfigureAwait(false) is InvalidOperationException, "another type of transaction");
}
