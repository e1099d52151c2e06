using System.Collections.Concurrent;
using System.Text.Json;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Parked events are written with the next checkpoint, or are lost together with it.</summary>
internal static class ParkingCases
{
    // No lease is renewed during the case, so all transactions are the case's own.
    private static readonly EventBusOptions Quiet = new() { LeaseTimeout = TimeSpan.FromHours(1) };

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Parked_events_are_written_in_one_transaction_with_the_checkpoint),
        ContractCase.Of(Parked_events_are_listed_in_log_order_before_and_after_they_are_written),
        ContractCase.Of(Parked_events_are_redelivered_when_the_checkpoint_is_refused),
        ContractCase.Of(Parked_events_are_redelivered_when_the_runner_dies_before_the_checkpoint),
        ContractCase.Of(Parked_events_are_written_when_they_are_many),
        ContractCase.Of(Parked_events_count_towards_the_checkpoint_interval),
        ContractCase.Of(Parked_events_are_written_before_a_retry_of_another_event),
        ContractCase.Of(Parked_events_are_written_before_a_wait_for_a_slot),
        ContractCase.Of(Parked_event_is_found_by_a_retry_at_once),
        ContractCase.Of(Parked_event_is_found_by_a_discard_at_once),
        ContractCase.Of(Parked_event_is_written_when_the_runner_pauses_or_stops),
        ContractCase.Of(Retried_event_is_a_replay_only_if_it_was_handled_before_it_was_parked),
        ContractCase.Of(Event_parked_before_a_reset_stays_parked_unchanged),
        ContractCase.Of(Refused_effect_leaves_other_events_parked_once),
    ];

    /// <summary>Appends twelve events to the streams s-0, s-1 and s-2 in turn. The fifth, the second of s-1, fails.</summary>
    private static async Task<Subscription> StartAsync(LogUnderTest log, EventBus bus, Func<RecordedEvent, DeliveryContext, ValueTask> handle, FailurePolicy? onFailure = null, int checkpointEvery = 4000)
    {
        for (var i = 0; i < 12; i++) await log.AppendAsync($"s-{i % 3}", Make.Event()).ConfigureAwait(false);
        var options = new SubscriptionOptions { Filter = EventQuery.All.InCategory("s"), CheckpointEvery = checkpointEvery, OnFailure = onFailure ?? new FailurePolicy { MaxRetryAttempts = 0, Then = AfterRetries.Park } };
        return await bus.SubscribeAsync("parking", SubscriptionHandler.RawEach((e, delivery, _) => handle(e, delivery).AsTask()), options).ConfigureAwait(false);
    }

    private static void ThrowAt(long position, in RecordedEvent e)
    {
        if (e.Position.ToInt64() == position) throw new InvalidOperationException("broken");
    }

    private static async Task<int> StoredAsync(LogUnderTest log) => (await RecordsAsync(log).ConfigureAwait(false)).Count;

    private static async Task<IEnumerable<string>> SegmentsAsync(LogUnderTest log) =>
        (await RecordsAsync(log).ConfigureAwait(false)).Select(r => r.Key.Split('/')[1]).Distinct();

    private static ValueTask<IReadOnlyList<StoredRecord>> RecordsAsync(LogUnderTest log) => log.Log.ReadRecordsAsync(RecordKind.Parked, "", null, 1000, CancellationToken.None);

    private static async Task Parked_events_are_written_in_one_transaction_with_the_checkpoint(LogUnderTest log)
    {
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var started = new TaskCompletionSource<Subscription>();
            var (before, listed) = ((-1, -1L, -1L), Array.Empty<long>());
            var subscription = await StartAsync(log, bus, async (e, _) =>
            {
                ThrowAt(5, e);
                if (e.Position.ToInt64() != 12) return;
                var itself = await started.Task.ConfigureAwait(false);
                before = (await StoredAsync(log).ConfigureAwait(false), await CheckpointAsync(log, "parking").ConfigureAwait(false), (await itself.GetStatusAsync().ConfigureAwait(false)).Parked);
                listed = await ParkedAsync(itself).ConfigureAwait(false);
            }).ConfigureAwait(false);
            started.SetResult(subscription);
            await WaitAsync(subscription, 12).ConfigureAwait(false);
            Expect.Equal((0, 0L, 3L), before, "records, checkpoint and count before the checkpoint");
            Expect.Equal([5, 8, 11], listed, "what is listed before the checkpoint");
            Expect.Equal((3, 12L), (await StoredAsync(log).ConfigureAwait(false), await CheckpointAsync(log, "parking").ConfigureAwait(false)), "records and checkpoint after it");
            Expect.Equal([5, 8, 11], await ParkedAsync(subscription).ConfigureAwait(false), "what is listed after it");
            var checkpoint = await log.Log.ReadRecordsAsync(RecordKind.Checkpoint, "parking", "parking", 1, CancellationToken.None).ConfigureAwait(false);
            Expect.Equal(2L, checkpoint[0].Revision, "the checkpoint's revision after one transaction");
        }
    }

    private static async Task Parked_events_are_listed_in_log_order_before_and_after_they_are_written(LogUnderTest log)
    {
        // In UTF-8 the second key sorts after the first, in UTF-16 before it.
        foreach (var stream in new StreamId[] { "s-\uFFFD", "s-a", "s-\U0001F600", "s-b" }) await log.AppendAsync(stream, Make.Event()).ConfigureAwait(false);
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var started = new TaskCompletionSource<Subscription>();
            var (stored, listed) = (-1, Array.Empty<long>());
            var handler = SubscriptionHandler.RawEach(async (e, _, _) =>
            {
                ThrowAt(1, e);
                ThrowAt(3, e);
                if (e.Position.ToInt64() != 4) return;
                stored = await StoredAsync(log).ConfigureAwait(false);
                listed = await ParkedAsync(await started.Task.ConfigureAwait(false)).ConfigureAwait(false);
            });
            var subscription = await bus.SubscribeAsync("parking", handler, new() { CheckpointEvery = 2, OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } }).ConfigureAwait(false);
            started.SetResult(subscription);
            await WaitAsync(subscription, 4).ConfigureAwait(false);
            Expect.Equal(1, stored, "how many were written");
            Expect.Equal([1, 3], listed, "what is listed while the second is not written");
            Expect.Equal([1, 3], await ParkedAsync(subscription).ConfigureAwait(false), "what is listed afterwards");
        }
    }

    private static async Task Parked_events_are_redelivered_when_the_checkpoint_is_refused(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        var fault = new Exception?[1];
        var bus = On(log, new EventStore(Faulty(log, fault), EventTypeMap.Empty), Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await StartAsync(log, bus, (e, _) =>
            {
                received.Enqueue(e.Position.ToInt64());
                if (received.Count == 10) fault[0] = new StoreUnavailableException("temporarily");
                ThrowAt(5, e);
                return default;
            }).ConfigureAwait(false);
            await WaitAsync(subscription, 12).ConfigureAwait(false);
            Expect.Equal([1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 1, 2, 3, 4, 5, 6, 7, 9, 10, 12], received, "the received events");
            Expect.Equal([5, 8, 11], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
            Expect.Equal(3L, (await subscription.GetStatusAsync().ConfigureAwait(false)).Parked, "how many are parked");
        }
    }

    private static async Task Parked_events_are_redelivered_when_the_runner_dies_before_the_checkpoint(LogUnderTest log)
    {
        var fault = new Exception?[1];
        var first = On(log, new EventStore(Faulty(log, fault), EventTypeMap.Empty), Quiet);
        await using (first.ConfigureAwait(false))
        {
            var dying = await StartAsync(log, first, (e, _) =>
            {
                if (e.Position.ToInt64() == 12) fault[0] = new InvalidOperationException("dead");
                ThrowAt(5, e);
                return default;
            }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => dying.State == SubscriptionState.Faulted, "the first is dead").ConfigureAwait(false);
            Expect.Equal((0, 0L, 0L), (await StoredAsync(log).ConfigureAwait(false), await CheckpointAsync(log, "parking").ConfigureAwait(false), (await dying.GetStatusAsync().ConfigureAwait(false)).Parked), "what it left");
            Expect.Equal([], await ParkedAsync(dying).ConfigureAwait(false), "what it lists");
        }

        var received = new ConcurrentQueue<long>();
        var second = On(log, Quiet);
        await using (second.ConfigureAwait(false))
        {
            var subscription = await second.SubscribeAsync("parking", Collect(received)).ConfigureAwait(false);
            await WaitAsync(subscription, 12).ConfigureAwait(false);
            Expect.Equal(Make.CountTo(12), received, "the events received by the second, whose handler is mended");
            Expect.Equal([], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
        }
    }

    private static async Task Parked_events_are_written_when_they_are_many(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(300)).ConfigureAwait(false);
        await log.AppendAsync("t", Make.Event()).ConfigureAwait(false);
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var stored = -1;
            var handler = SubscriptionHandler.RawEach(async (e, _, _) =>
            {
                ThrowAt(1, e);
                stored = await StoredAsync(log).ConfigureAwait(false);
            });
            var subscription = await bus.SubscribeAsync("parking", handler, new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } }).ConfigureAwait(false);
            await WaitAsync(subscription, 301).ConfigureAwait(false);
            Expect.Equal(256, stored, "how many were written before the page's end");
            Expect.Equal(Make.CountTo(300), await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
        }
    }

    private static async Task Parked_events_count_towards_the_checkpoint_interval(LogUnderTest log)
    {
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var checkpoints = new ConcurrentQueue<(long, long, int)>();
            var subscription = await StartAsync(log, bus, async (e, _) =>
            {
                ThrowAt(5, e);
                checkpoints.Enqueue((e.Position.ToInt64(), await CheckpointAsync(log, "parking").ConfigureAwait(false), await StoredAsync(log).ConfigureAwait(false)));
            }, checkpointEvery: 5).ConfigureAwait(false);
            await WaitAsync(subscription, 12).ConfigureAwait(false);
            Expect.Equal([(4, 0, 0), (6, 5, 1), (7, 5, 1), (9, 5, 1), (10, 5, 1), (12, 10, 2)], checkpoints.Skip(3), "checkpoints and records at the events");
        }
    }

    private static async Task Parked_events_are_written_before_a_retry_of_another_event(LogUnderTest log)
    {
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var stored = new ConcurrentQueue<int>();
            var subscription = await StartAsync(log, bus, async (e, delivery) =>
            {
                ThrowAt(5, e);
                if (e.Position.ToInt64() != 6) return;
                stored.Enqueue(await StoredAsync(log).ConfigureAwait(false));
                if (delivery.Attempt == 2) return;
                throw new InvalidOperationException("broken once");
            }, new FailurePolicy { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park }).ConfigureAwait(false);
            await WaitAsync(subscription, 12).ConfigureAwait(false);
            Expect.Equal([0, 1], stored, "how many were written before the two attempts");
            Expect.Equal([5, 8, 11], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
        }
    }

    private static async Task Parked_events_are_written_before_a_wait_for_a_slot(LogUnderTest log)
    {
        // There are events in each of the 16 partitions. On the second page the handler of the first stream keeps the only slot, once each partition has a parked event.
        const int fill = 1000;
        StreamId[] streams = [.. Enumerable.Range(0, 200).Select(i => new StreamId($"s-{i}"))];
        foreach (var stream in streams) await log.AppendAsync(stream, Make.Event()).ConfigureAwait(false);
        await log.AppendAsync(streams[0], Make.Numbered(fill)).ConfigureAwait(false);
        foreach (var stream in streams) await log.AppendAsync(stream, Make.Event()).ConfigureAwait(false);
        var bus = On(log, new EventStore(new InterruptedLog(log.Log) { AfterWrite = log.Changed.Set }, EventTypeMap.Empty), Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var started = new TaskCompletionSource<Subscription>();
            var handler = SubscriptionHandler.RawEach(async (e, _, token) =>
            {
                if (e.StreamId != streams[0]) throw new InvalidOperationException("broken");
                if (e.Version < fill + 2) return;
                var first = 0;
                await foreach (var parked in (await started.Task.ConfigureAwait(false)).ReadParkedAsync(token).ConfigureAwait(false))
                    if (parked.Event.Version == 1) first++;
                if (first == streams.Length - 1)
                    await log.Changed.UntilAsync(async () => (await SegmentsAsync(log).ConfigureAwait(false)).Count() >= 15, "the others' events are written").ConfigureAwait(false);
            });
            var options = new SubscriptionOptions { IsPartitioned = true, MaxConcurrency = 1, OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } };
            var subscription = await bus.SubscribeAsync("parking", handler, options).ConfigureAwait(false);
            started.SetResult(subscription);
            await WaitAsync(subscription, fill + (2 * streams.Length)).ConfigureAwait(false);
            Expect.Equal(2 * (streams.Length - 1), await StoredAsync(log).ConfigureAwait(false), "how many are parked");
        }
    }

    private static async Task Parked_event_is_found_by_a_retry_at_once(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var retry = RequestedAtSixAsync(log, bus, received, subscription => subscription.RetryAsync("s-1"));
            Expect.Equal(1, await retry.ConfigureAwait(false), "handled by the retry");
            Expect.Equal([1, 2, 3, 4, 6, 5, 7, 8, 9, 10, 11, 12], received, "the received events");
            Expect.Equal(0, await StoredAsync(log).ConfigureAwait(false), "how many are parked");
        }
    }

    private static async Task Parked_event_is_found_by_a_discard_at_once(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var discard = RequestedAtSixAsync(log, bus, received, subscription => subscription.DiscardAsync("s-1"));
            Expect.Equal(1, await discard.ConfigureAwait(false), "discarded");
            Expect.Equal([1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12], received, "the received events");
            Expect.Equal(0, await StoredAsync(log).ConfigureAwait(false), "how many are parked");
        }
    }

    /// <summary>Makes a call while the handler, which no longer fails, is at the event after the failed one. Waits for the call and for all events.</summary>
    private static async Task<int> RequestedAtSixAsync(LogUnderTest log, EventBus bus, ConcurrentQueue<long> received, Func<Subscription, Task<int>> ask)
    {
        var started = new TaskCompletionSource<Subscription>();
        var asked = new TaskCompletionSource<Task<int>>();
        var subscription = await StartAsync(log, bus, async (e, _) =>
        {
            if (!asked.Task.IsCompleted) ThrowAt(5, e);
            received.Enqueue(e.Position.ToInt64());
            if (e.Position.ToInt64() != 6 || asked.Task.IsCompleted) return;
            var itself = await started.Task.ConfigureAwait(false);
            asked.SetResult(await BeginElsewhereAsync(() => ask(itself)).ConfigureAwait(false));
        }).ConfigureAwait(false);
        started.SetResult(subscription);
        await WaitAsync(subscription, 12).ConfigureAwait(false);
        return await (await asked.Task.ConfigureAwait(false)).WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Parked_event_is_written_when_the_runner_pauses_or_stops(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        var bus = On(log, new EventStore(new InterruptedLog(log.Log) { AfterWrite = log.Changed.Set }, EventTypeMap.Empty), Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var started = new TaskCompletionSource<Subscription>();
            var (paused, stopped) = (new TaskCompletionSource<Task>(), new TaskCompletionSource<Task>());
            var subscription = await StartAsync(log, bus, async (e, _) =>
            {
                ThrowAt(5, e);
                received.Enqueue(e.Position.ToInt64());
                var itself = await started.Task.ConfigureAwait(false);
                if (e.Position.ToInt64() == 6) paused.SetResult(await BeginElsewhereAsync(() => itself.PauseAsync()).ConfigureAwait(false));
                if (e.Position.ToInt64() == 9) stopped.SetResult(await BeginElsewhereAsync(() => itself.DisposeAsync().AsTask()).ConfigureAwait(false));
            }).ConfigureAwait(false);
            started.SetResult(subscription);
            await (await paused.Task.ConfigureAwait(false)).WaitAsync(Patience).ConfigureAwait(false);
            await log.Changed.UntilAsync(async () => await CheckpointAsync(log, "parking").ConfigureAwait(false) == 6, "the checkpoint of the pause").ConfigureAwait(false);
            Expect.Equal(1, await StoredAsync(log).ConfigureAwait(false), "how many are parked after the pause");
            await subscription.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await (await stopped.Task.ConfigureAwait(false)).WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal((2, 9L), (await StoredAsync(log).ConfigureAwait(false), await CheckpointAsync(log, "parking").ConfigureAwait(false)), "records and checkpoint after the stop");
            Expect.Equal([1, 2, 3, 4, 6, 7, 9], received, "the received events");
        }
    }

    private static async Task Retried_event_is_a_replay_only_if_it_was_handled_before_it_was_parked(LogUnderTest log)
    {
        // The last event of its stream: no other is held back for it.
        var (isBroken, received) = (true, new ConcurrentQueue<bool>());
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await StartAsync(log, bus, (e, delivery) =>
            {
                if (e.Position.ToInt64() != 12) return default;
                received.Enqueue(delivery.IsReplay);
                return Volatile.Read(ref isBroken) ? throw new InvalidOperationException("broken") : default;
            }).ConfigureAwait(false);
            await WaitAsync(subscription, 12).ConfigureAwait(false);
            await RetryAsync("an event that was never handled").ConfigureAwait(false);
            Expect.Equal([false, false], received, "deliveries before a reset");

            received.Clear();
            Volatile.Write(ref isBroken, true);
            await subscription.ResetAsync(StartFrom.Beginning).ConfigureAwait(false);
            await WaitAsync(subscription, 12).ConfigureAwait(false);
            await RetryAsync("an event that was handled before the reset").ConfigureAwait(false);
            Expect.Equal([true, true], received, "deliveries after a reset");

            async Task RetryAsync(string what)
            {
                Volatile.Write(ref isBroken, false);
                Expect.Equal(1, await subscription.RetryAllAsync().ConfigureAwait(false), what);
            }
        }
    }

    private static async Task Event_parked_before_a_reset_stays_parked_unchanged(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        var bus = On(log, Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var reset = RequestedAtSixAsync(log, bus, received, async subscription =>
            {
                await subscription.ResetAsync(StartFrom.Beginning).ConfigureAwait(false);
                await WaitAsync(subscription, 12).ConfigureAwait(false);
                var parked = new List<(long, int)>();
                await foreach (var e in subscription.ReadParkedAsync().ConfigureAwait(false)) parked.Add((e.Event.Position.ToInt64(), e.Attempts));
                Expect.Equal([(2, 0), (5, 1), (8, 0), (11, 0)], parked, "what is parked, and its attempts");
                return (int)(await subscription.GetStatusAsync().ConfigureAwait(false)).Parked;
            });
            Expect.Equal(4, await reset.ConfigureAwait(false), "how many are parked");
            Expect.Equal([1, 2, 3, 4, 6, 1, 3, 4, 6, 7, 9, 10, 12], received, "the received events");
        }
    }

    private static async Task Refused_effect_leaves_other_events_parked_once(LogUnderTest log)
    {
        var bus = On(log, new EventStore(log.Log, CaseEvents.Types), Quiet);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await StartAsync(log, bus, (e, delivery) =>
            {
                delivery.Append("effects", e.Position.ToInt64() == 7 ? ExpectedVersion.Exactly(77) : ExpectedVersion.Any, [new Added((int)e.Position.ToInt64())]);
                ThrowAt(5, e);
                return default;
            }).ConfigureAwait(false);
            await WaitAsync(subscription, 12).ConfigureAwait(false);
            Expect.Equal([5, 7, 8, 10, 11], (await ParkedAsync(subscription).ConfigureAwait(false)).Order(), "what is parked");
            Expect.Equal(5L, (await subscription.GetStatusAsync().ConfigureAwait(false)).Parked, "how many are parked");
            var effects = (await log.ReadStreamAsync("effects").ConfigureAwait(false)).Select(e => JsonSerializer.Deserialize(e.Data.Span, CaseJson.Default.Added)!.Count);
            Expect.Equal([1, 2, 3, 4, 6, 9, 12], effects, "the effects");
        }
    }

    /// <summary>The case's log, where one transaction fails as soon as a fault is set.</summary>
    private static InterruptedLog Faulty(LogUnderTest log, Exception?[] fault) => new(log.Log)
    {
        BeforeWrite = () =>
        {
            if (Interlocked.Exchange(ref fault[0], null) is { } thrown) throw thrown;
        },
    };
}
