using System.Collections.Concurrent;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Handlers that throw: attempts, pauses and parked events.</summary>
internal static class FailureCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Failing_handler_pauses_before_its_event_and_resumes_at_it),
        ContractCase.Of(Failing_batch_is_delivered_one_by_one),
        ContractCase.Of(Parking_holds_back_later_events_of_the_key_and_no_others),
        ContractCase.Of(Parked_events_are_retried_in_order_before_new_ones),
        ContractCase.Of(Parked_events_are_retried_up_to_a_position_and_discarded),
        ContractCase.Of(Parked_events_survive_their_runner),
        ContractCase.Of(Parked_events_that_are_large_are_listed_and_retried_in_order),
        ContractCase.Of(Damaged_record_of_a_parked_event_is_named_and_its_event_is_retried),
        ContractCase.Of(Damaged_record_of_a_parked_event_is_rewritten_when_its_retry_fails),
        ContractCase.Of(Damaged_record_of_a_parked_event_can_be_discarded_and_others_continue),
        ContractCase.Of(Damaged_record_of_a_parked_event_is_replaced_when_the_event_is_redelivered),
        ContractCase.Of(Partition_key_with_a_lone_surrogate_is_a_failure_of_the_handler),
        ContractCase.Of(Exception_whose_message_throws_parks_its_event_under_its_type, LogCapabilities.UserWork),
        ContractCase.Of(Every_failure_is_reported_with_the_outcome_for_its_event),
        ContractCase.Of(Failure_of_a_batch_is_reported),
        ContractCase.Of(Failure_observer_that_throws_changes_nothing),
        ContractCase.Of(Status_shows_the_cause_of_a_pause_only_while_a_failure_is_the_cause),
        ContractCase.Of(Status_shows_the_reason_of_the_oldest_parked_event),
    ];

    private static async Task Failing_handler_pauses_before_its_event_and_resumes_at_it(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var attempts = new ConcurrentQueue<(long, int)>();
        var isBroken = true;
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((e, delivery, _) =>
            {
                attempts.Enqueue((e.Position.ToInt64(), delivery.Attempt));
                return isBroken && e.Position.ToInt64() == 3 ? throw new InvalidOperationException("broken") : Task.CompletedTask;
            });
            var subscription = await bus.SubscribeAsync("fragile", handler, new() { OnFailure = new() { MaxRetryAttempts = 2, Delay = TimeSpan.Zero } }).ConfigureAwait(false);
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
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawBatches((events, _, _) =>
            {
                sizes.Enqueue(events.Length);
                foreach (var e in events.Span)
                    if (e.Position.ToInt64() == 4) throw new InvalidOperationException("broken");
                foreach (var e in events.Span) done.Enqueue(e.Position.ToInt64());
                return Task.CompletedTask;
            });
            var subscription = await bus.SubscribeAsync("batch", handler, new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } }).ConfigureAwait(false);
            await WaitAsync(subscription, 10).ConfigureAwait(false);
            Expect.Equal([4, 5], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
        }

        Expect.Equal(10, sizes.First(), "the first batch");
        Expect.Equal([1, 2, 3, 6, 7, 8, 9, 10], done, "what was done");
    }

    private static async Task<(Subscription Subscription, ConcurrentQueue<long> Seen, Action Fix)> ParkingAsync(LogUnderTest log, EventBus bus)
    {
        for (var i = 0; i < 12; i++) await log.AppendAsync($"s-{i % 3}", Make.Event()).ConfigureAwait(false);
        var received = new ConcurrentQueue<long>();
        var isBroken = true;
        var handler = SubscriptionHandler.RawEach((e, _, _) =>
        {
            if (isBroken && e.Position.ToInt64() == 5) throw new InvalidOperationException("broken");
            received.Enqueue(e.Position.ToInt64());
            return Task.CompletedTask;
        });
        var subscription = await bus.SubscribeAsync("parking", handler, new() { OnFailure = new() { MaxRetryAttempts = 2, Delay = TimeSpan.Zero, Then = AfterRetries.Park } }).ConfigureAwait(false);
        await WaitAsync(subscription, 12).ConfigureAwait(false);
        return (subscription, received, () => isBroken = false);
    }

    private static async Task Parking_holds_back_later_events_of_the_key_and_no_others(LogUnderTest log)
    {
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var (subscription, received, _) = await ParkingAsync(log, bus).ConfigureAwait(false);
            Expect.Equal([1, 2, 3, 4, 6, 7, 9, 10, 12], received, "the received events");
            var parked = new List<ParkedEvent>();
            await foreach (var e in subscription.ReadParkedAsync().ConfigureAwait(false)) parked.Add(e);
            Expect.Equal([(5, 3), (8, 0), (11, 0)], parked.Select(p => (p.Event.Position.ToInt64(), p.Attempts)), "what is parked, and its attempts");
            Expect.True(parked.TrueForAll(p => p.PartitionKey == "s-1" && p.Event.Text() == "{}"), "keys and bytes");
            Expect.Equal("InvalidOperationException: broken", parked[0].Reason, "the reason");
            var status = await subscription.GetStatusAsync().ConfigureAwait(false);
            Expect.Equal((3L, parked[0].ParkedAt), (status.Parked, status.ParkedSince), "count and age");
        }
    }

    private static async Task Parked_events_are_retried_in_order_before_new_ones(LogUnderTest log)
    {
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var (subscription, received, fix) = await ParkingAsync(log, bus).ConfigureAwait(false);
            Expect.Equal(0, await subscription.RetryAsync("s-1").WaitAsync(Patience).ConfigureAwait(false), "handled by a retry that fails");
            Expect.Equal([5, 8, 11], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked still");
            fix();
            received.Clear();
            Expect.Equal(3, await subscription.RetryAsync("s-1").WaitAsync(Patience).ConfigureAwait(false), "handled by a retry");
            var last = await log.AppendAsync("s-1", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, last.LastPosition.ToInt64()).ConfigureAwait(false);
            Expect.Equal([5, 8, 11, 13], received, "the received events");
            Expect.Equal([], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
        }
    }

    private static async Task Parked_events_are_retried_up_to_a_position_and_discarded(LogUnderTest log)
    {
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var (subscription, received, fix) = await ParkingAsync(log, bus).ConfigureAwait(false);
            fix();
            received.Clear();
            Expect.Equal(2, await subscription.RetryAllAsync(GlobalPosition.FromInt64(8)).WaitAsync(Patience).ConfigureAwait(false), "handled");
            await log.AppendAsync("s-1", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, 13).ConfigureAwait(false);
            Expect.Equal([11, 13], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked still");
            Expect.Equal(2, await subscription.DiscardAsync("s-1").WaitAsync(Patience).ConfigureAwait(false), "discarded");
            await log.AppendAsync("s-1", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, 14).ConfigureAwait(false);
            Expect.Equal([5, 8, 14], received, "the received events");
        }
    }

    private static async Task Parked_events_survive_their_runner(LogUnderTest log)
    {
        var first = On(log);
        await using (first.ConfigureAwait(false)) await ParkingAsync(log, first).ConfigureAwait(false);
        var second = On(log);
        await using (second.ConfigureAwait(false))
        {
            var received = new ConcurrentQueue<long>();
            var subscription = await second.SubscribeAsync("parking", Collect(received)).ConfigureAwait(false);
            var last = await log.AppendAsync("s-1", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, last.LastPosition.ToInt64()).ConfigureAwait(false);
            Expect.Equal([], received, "the received events of the parked key");
            Expect.Equal(4, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "handled by the retry");
            Expect.Equal([5, 8, 11, 13], received, "the received events");
        }
    }

    private static readonly SubscriptionOptions ParksAtOnce = new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } };

    private static async Task Parked_events_that_are_large_are_listed_and_retried_in_order(LogUnderTest log)
    {
        for (var i = 0; i < 11; i++) await log.AppendAsync("s", Make.Sized(1 << 20)).ConfigureAwait(false);
        var (isBroken, received) = (true, new ConcurrentQueue<long>());
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((e, _, _) =>
            {
                if (isBroken) throw new InvalidOperationException("broken");
                received.Enqueue(e.Position.ToInt64());
                return Task.CompletedTask;
            });
            var subscription = await bus.SubscribeAsync("large", handler, ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 11).ConfigureAwait(false);
            Expect.Equal(Make.CountTo(11), await ParkedAsync(subscription).ConfigureAwait(false), "what is listed");
            isBroken = false;
            Expect.Equal(11, await subscription.RetryAsync("s").WaitAsync(Patience).ConfigureAwait(false), "how many were retried");
            Expect.Equal(Make.CountTo(11), received, "what was handled");
        }
    }

    /// <summary>Events 1 to 4 of the streams a and b in turn, all parked; then the record of the first is overwritten.</summary>
    private static async Task DamagedAsync(LogUnderTest log, Func<Subscription, Action<bool>, ConcurrentQueue<long>, Task> body)
    {
        for (var i = 0; i < 4; i++) await log.AppendAsync(i % 2 == 0 ? "a" : "b", Make.Event(data: $"{i + 1}")).ConfigureAwait(false);
        var (isBroken, received) = (true, new ConcurrentQueue<long>());
        var handler = SubscriptionHandler.RawEach((e, _, _) =>
        {
            if (isBroken) throw new InvalidOperationException("broken");
            Expect.Equal(e.Position.ToString(), e.Text(), "the event's data");
            received.Enqueue(e.Position.ToInt64());
            return Task.CompletedTask;
        });
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var before = await bus.SubscribeAsync("damaged", handler, ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(before, 4).ConfigureAwait(false);
            await before.DisposeAsync().ConfigureAwait(false);
            var first = (await log.RecordsAsync(RecordKind.Parked).ConfigureAwait(false)).Single(r => r.Key.EndsWith("/0000000000000001", StringComparison.Ordinal));
            // The number of the format, then a key whose length exceeds the record.
            await log.PutAsync(RecordKind.Parked, first.Key, new byte[] { 1, 0xFF, 0xFF, 0x7F }).ConfigureAwait(false);
            var subscription = await bus.SubscribeAsync("damaged", handler, ParksAtOnce).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => subscription.State is SubscriptionState.Live or SubscriptionState.Faulted, "it is active").ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Live, subscription.State, "the state");
            await body(subscription, broken => isBroken = broken, received).ConfigureAwait(false);
        }
    }

    private static async Task<ParkedEvent> FirstParkedAsync(Subscription subscription)
    {
        await foreach (var parked in subscription.ReadParkedAsync().ConfigureAwait(false))
            if (parked.Event.Position.ToInt64() == 1) return parked;
        throw new ContractViolationException("the parked event", "listed", "not listed");
    }

    private static Task Damaged_record_of_a_parked_event_is_named_and_its_event_is_retried(LogUnderTest log) => DamagedAsync(log, async (subscription, setBroken, received) =>
    {
        var first = await FirstParkedAsync(subscription).ConfigureAwait(false);
        Expect.True(first.Reason.Contains("damaged", StringComparison.Ordinal) && first.Reason.Contains("/0000000000000001", StringComparison.Ordinal), $"the reason names the record: {first.Reason}");
        Expect.Equal(("a", 0, "1"), (first.PartitionKey, first.Attempts, first.Event.Text()), "key, attempts and data");
        Expect.Equal(4L, (await subscription.GetStatusAsync().ConfigureAwait(false)).Parked, "the number of parked events");
        await log.AppendAsync("a", Make.Event(data: "5")).ConfigureAwait(false);
        await WaitAsync(subscription, 5).ConfigureAwait(false);
        Expect.Equal(5L, (await subscription.GetStatusAsync().ConfigureAwait(false)).Parked, "the number of parked events with a later one of the key");
        setBroken(false);
        Expect.Equal(3, await subscription.RetryAsync("a").WaitAsync(Patience).ConfigureAwait(false), "how many were retried");
        Expect.Equal([1, 3, 5], received, "what was handled");
        Expect.Equal([2, 4], await ParkedAsync(subscription).ConfigureAwait(false), "what is left");
    });

    private static Task Damaged_record_of_a_parked_event_is_rewritten_when_its_retry_fails(LogUnderTest log) => DamagedAsync(log, async (subscription, _, _) =>
    {
        Expect.Equal(0, await subscription.RetryAsync("a").WaitAsync(Patience).ConfigureAwait(false), "how many were retried");
        var first = await FirstParkedAsync(subscription).ConfigureAwait(false);
        Expect.Equal((1, "InvalidOperationException: broken"), (first.Attempts, first.Reason), "attempts and reason");
    });

    private static Task Damaged_record_of_a_parked_event_can_be_discarded_and_others_continue(LogUnderTest log) => DamagedAsync(log, async (subscription, setBroken, received) =>
    {
        Expect.Equal(1, await subscription.DiscardAsync("a", GlobalPosition.FromInt64(2)).WaitAsync(Patience).ConfigureAwait(false), "how many were discarded");
        setBroken(false);
        Expect.Equal(3, await subscription.RetryAllAsync().WaitAsync(Patience).ConfigureAwait(false), "how many were retried");
        Expect.Equal([2, 3, 4], received.Order(), "what was handled");
    });

    private static Task Damaged_record_of_a_parked_event_is_replaced_when_the_event_is_redelivered(LogUnderTest log) => DamagedAsync(log, async (subscription, _, _) =>
    {
        await subscription.ResetAsync(StartFrom.Beginning).WaitAsync(Patience).ConfigureAwait(false);
        await WaitAsync(subscription, 4).ConfigureAwait(false);
        var first = await FirstParkedAsync(subscription).ConfigureAwait(false);
        Expect.True(!first.Reason.Contains("damaged", StringComparison.Ordinal), $"the record is sound: {first.Reason}");
        Expect.Equal(4L, (await subscription.GetStatusAsync().ConfigureAwait(false)).Parked, "the number of parked events");
    });

    private static async Task Partition_key_with_a_lone_surrogate_is_a_failure_of_the_handler(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        var options = new SubscriptionOptions { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park }, PartitionKey = _ => "k\ud83d" };
        var received = new ConcurrentQueue<long>();
        var handler = SubscriptionHandler.RawEach((e, _, _) =>
        {
            received.Enqueue(e.Position.ToInt64());
            return e.Position.ToInt64() == 1 ? throw new InvalidOperationException("broken") : Task.CompletedTask;
        });
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("half", handler, options).ConfigureAwait(false);
            await WaitAsync(subscription, 2).ConfigureAwait(false);
            await subscription.DisposeAsync().ConfigureAwait(false);
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            subscription = await bus.SubscribeAsync("half", handler, options).ConfigureAwait(false);
            await WaitAsync(subscription, 3).ConfigureAwait(false);
            Expect.Equal([1, 2, 3], await ParkedAsync(subscription).ConfigureAwait(false), "the parked events");
            Expect.Equal([1], received, "what the handler saw");
            await foreach (var parked in subscription.ReadParkedAsync().ConfigureAwait(false)) Expect.Equal("s", parked.PartitionKey, "the key");
            Expect.Equal(3, await subscription.DiscardAsync("s").WaitAsync(Patience).ConfigureAwait(false), "how many are found by the key");
        }
    }

    private sealed class Speechless : Exception
    {
        public override string Message => throw new InvalidOperationException("no message");

        public override string ToString() => throw new InvalidOperationException("no text");
    }

    private static async Task Exception_whose_message_throws_parks_its_event_under_its_type(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("parks", SubscriptionHandler.RawEach((_, _, _) => throw new Speechless()), ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 2).ConfigureAwait(false);
            var first = await FirstParkedAsync(subscription).ConfigureAwait(false);
            Expect.True(first.Reason.StartsWith("Speechless: ", StringComparison.Ordinal), $"the reason names the type: {first.Reason}");
            var pausing = SubscriptionHandler.RawEach((_, delivery, _) =>
            {
                delivery.Enlist<object>(_ => throw new Speechless());
                return Task.CompletedTask;
            });
            subscription = await bus.SubscribeAsync("pauses", pausing, new() { OnFailure = new() { MaxRetryAttempts = 0 } }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => subscription.State is SubscriptionState.Paused or SubscriptionState.Faulted, "it stopped").ConfigureAwait(false);
            Expect.Equal(SubscriptionState.Paused, subscription.State, "the state");
        }
    }

    private static async Task Every_failure_is_reported_with_the_outcome_for_its_event(LogUnderTest log)
    {
        foreach (var stream in new StreamId[] { "a", "a", "b" }) await log.AppendAsync(stream, Make.Event("Broken")).ConfigureAwait(false);
        var reported = new ConcurrentQueue<EventFailure>();
        var bus = On(log);
        bus.EventFailed += reported.Enqueue;
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((e, _, _) => e.StreamId == "a" ? throw new InvalidOperationException("broken") : Task.CompletedTask);
            var parking = await bus.SubscribeAsync("parks", handler, new() { OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park } }).ConfigureAwait(false);
            await WaitAsync(parking, 3).ConfigureAwait(false);
            await parking.RetryAsync("a").WaitAsync(Patience).ConfigureAwait(false);
            var pausing = await bus.SubscribeAsync("pauses", handler, new() { OnFailure = new() { MaxRetryAttempts = 0 } }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => pausing.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
        }

        (string, long, StreamId, string, string?, int, FailureOutcome, string?)[] expected =
        [
            ("parks", 1, "a", "Broken", null, 1, FailureOutcome.Retried, "broken"),
            ("parks", 1, "a", "Broken", "a", 2, FailureOutcome.Parked, "broken"),
            ("parks", 2, "a", "Broken", "a", 0, FailureOutcome.HeldBack, null),
            ("parks", 1, "a", "Broken", "a", 3, FailureOutcome.Parked, "broken"),
            ("pauses", 1, "a", "Broken", null, 1, FailureOutcome.Paused, "broken"),
        ];
        Expect.Equal(expected, reported.Select(f => (f.Subscription, f.Position.ToInt64(), f.StreamId, f.Type, f.PartitionKey, f.Attempt, f.Outcome, f.Exception?.Message)), "what was reported");
    }

    private static async Task Failure_of_a_batch_is_reported(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
        var reported = new ConcurrentQueue<EventFailure>();
        var bus = On(log);
        bus.EventFailed += reported.Enqueue;
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawBatches((events, _, _) => events.Length > 1 ? throw new InvalidOperationException("too many") : Task.CompletedTask);
            await WaitAsync(await bus.SubscribeAsync("batches", handler).ConfigureAwait(false), 3).ConfigureAwait(false);
        }

        Expect.Equal([(1L, FailureOutcome.Retried, "InvalidOperationException: too many")], reported.Select(f => (f.Position.ToInt64(), f.Outcome, f.Reason)), "what was reported");
    }

    private static async Task Failure_observer_that_throws_changes_nothing(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
        var reported = new ConcurrentQueue<long>();
        var bus = On(log);
        bus.EventFailed += _ => throw new Speechless();
        bus.EventFailed += failure => reported.Enqueue(failure.Position.ToInt64());
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((e, _, _) => e.Position.ToInt64() == 2 ? throw new InvalidOperationException("broken") : Task.CompletedTask);
            var subscription = await bus.SubscribeAsync("watched", handler, ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 3).ConfigureAwait(false);
            Expect.Equal([2, 3], await ParkedAsync(subscription).ConfigureAwait(false), "the parked events");
            Expect.Equal(SubscriptionState.Live, subscription.State, "the state");
        }

        Expect.Equal([2, 3], reported, "what was reported to the other observer");
    }

    private static async Task Status_shows_the_cause_of_a_pause_only_while_a_failure_is_the_cause(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var isBroken = true;
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((_, _, _) => isBroken ? throw new InvalidOperationException("broken") : Task.CompletedTask);
            var subscription = await bus.SubscribeAsync("fragile", handler, new() { OnFailure = new() { MaxRetryAttempts = 0 } }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            var status = await subscription.GetStatusAsync().ConfigureAwait(false);
            Expect.Equal("broken", status.StateCause?.InnerException?.Message, "the cause of the pause");
            Expect.True(status.LastErrorAt is not null && status.LeaseOwner == bus.Owner, "when it failed, and the owner of the lease");
            isBroken = false;
            await subscription.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(subscription, 1).ConfigureAwait(false);
            Expect.Equal(null, (await subscription.GetStatusAsync().ConfigureAwait(false)).StateCause, "the cause once it continues");
            await subscription.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            status = await subscription.GetStatusAsync().ConfigureAwait(false);
            Expect.Equal((SubscriptionState.Paused, null, true), (status.State, status.StateCause, status.LastError is not null), "a pause by request");
        }
    }

    private static async Task Status_shows_the_reason_of_the_oldest_parked_event(LogUnderTest log)
    {
        foreach (var stream in new StreamId[] { "z", "a", "z" }) await log.AppendAsync(stream, Make.Event()).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((e, _, _) => throw new InvalidOperationException($"broken at {e.StreamId}"));
            var subscription = await bus.SubscribeAsync("parks", handler, ParksAtOnce).ConfigureAwait(false);
            await WaitAsync(subscription, 3).ConfigureAwait(false);
            Expect.Equal("InvalidOperationException: broken at z", (await subscription.GetStatusAsync().ConfigureAwait(false)).ParkedReason, "the reason");
            await subscription.DisposeAsync().ConfigureAwait(false);
            subscription = await bus.SubscribeAsync("parks", handler, ParksAtOnce).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Live, "it is live").ConfigureAwait(false);
            Expect.Equal("InvalidOperationException: broken at z", (await subscription.GetStatusAsync().ConfigureAwait(false)).ParkedReason, "the reason as stored");
            await subscription.DiscardAsync("z").WaitAsync(Patience).ConfigureAwait(false);
            Expect.Equal("InvalidOperationException: broken at a", (await subscription.GetStatusAsync().ConfigureAwait(false)).ParkedReason, "the reason of the next");
        }
    }
}
