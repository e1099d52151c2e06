using System.Collections.Concurrent;
using EventSourcing.Serialization;
using EventSourcing.Storage;
using EventSourcing.Subscriptions;

namespace EventSourcing.Testing.Contract;

/// <summary>Durable subscriptions, which every log carries alike.</summary>
internal static class SubscriptionCases
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Subscription_begins_at_the_beginning_the_end_a_position_or_a_moment),
        ContractCase.Of(Subscription_delivers_what_is_appended_while_it_catches_up_once_and_in_order),
        ContractCase.Of(Subscription_resumes_after_what_it_handled),
        ContractCase.Of(Subscription_resumes_after_reopening, LogCapabilities.Durable),
        ContractCase.Of(Subscription_is_filtered_by_its_query),
        ContractCase.Of(Subscription_passes_over_a_stream_and_still_moves_its_checkpoint),
        ContractCase.Of(Subscription_delivers_batches_no_larger_than_the_interval),
        ContractCase.Of(Checkpoint_is_never_ahead_of_the_effect_nor_behind_by_more_than_the_interval),
        ContractCase.Of(Checkpoint_is_written_when_nothing_comes),
        ContractCase.Of(Checkpoint_beyond_the_head_faults_and_a_reset_cures),
        ContractCase.Of(Enlisted_effects_are_committed_with_the_checkpoint),
        ContractCase.Of(Refused_effect_parks_its_event_only_and_loses_no_other_effect),
        ContractCase.Of(Paused_subscription_delivers_nothing_until_resumed),
        ContractCase.Of(Reset_delivers_again_and_says_so),
        ContractCase.Of(Failing_handler_pauses_before_its_event_and_resumes_at_it),
        ContractCase.Of(Failing_batch_is_delivered_one_by_one),
        ContractCase.Of(Parking_holds_the_keys_later_events_and_nothing_else),
        ContractCase.Of(Parked_events_are_retried_in_order_before_new_ones),
        ContractCase.Of(Parked_events_are_retried_up_to_a_point_and_discarded),
        ContractCase.Of(Parked_events_survive_the_runner),
        ContractCase.Of(Unknown_type_is_an_error_only_where_it_is_selected),
        ContractCase.Of(Second_runner_of_a_name_waits_and_takes_over_at_once_when_the_first_stops),
        ContractCase.Of(Second_subscription_of_a_name_in_a_subscriber_is_refused),
        ContractCase.Of(Handler_may_append_to_the_log_it_listens_to),
        ContractCase.Of(Stopped_subscription_fails_its_waiters),
        ContractCase.Of(Group_keeps_the_order_per_key_and_delivers_once),
        ContractCase.Of(Group_is_shared_and_handed_over_without_repeats),
        ContractCase.Of(Group_and_single_subscription_do_not_share_a_name),
    ];

    private static SubscriptionHandler Collect(ConcurrentQueue<long> seen) => SubscriptionHandler.EachRaw((e, _, _) =>
    {
        seen.Enqueue(e.Position.ToInt64());
        return default;
    });

    private static Subscriber On(LogUnderTest log, SubscriberOptions? options = null) => new(new EventStore(log.Log, EventTypeMap.Empty), options);

    private static Task WaitAsync(Subscription subscription, long position) =>
        subscription.WaitForAsync(GlobalPosition.FromInt64(position)).WaitAsync(Patience);

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var giveUp = new CancellationTokenSource(Patience);
        while (!condition())
        {
            Expect.True(!giveUp.IsCancellationRequested, what);
            await Task.Delay(5, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<long> CheckpointAsync(LogUnderTest log, string name)
    {
        var records = await log.Log.ReadRecordsAsync(RecordKind.Checkpoint, name, name, 1, CancellationToken.None).ConfigureAwait(false);
        return BitConverter.ToInt64(records[0].Value.Span[2..]);
    }

    private static async Task Subscription_begins_at_the_beginning_the_end_a_position_or_a_moment(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
        log.Clock.Advance(TimeSpan.FromMinutes(1));
        var moment = log.Clock.Now.AddSeconds(-1);
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var started = new List<(Subscription Subscription, ConcurrentQueue<long> Seen, IEnumerable<long> Expected)>();
            foreach (var (name, start, expected) in new (string, Start, IEnumerable<long>)[]
            {
                ("beginning", Start.Beginning, Make.CountTo(6)), ("end", Start.End, [6]), ("position", Start.After(GlobalPosition.FromInt64(2)), [3, 4, 5, 6]),
                ("moment", Start.At(moment), [4, 5, 6]), ("tomorrow", Start.At(moment.AddDays(1)), [6]),
            })
            {
                var seen = new ConcurrentQueue<long>();
                started.Add((await subscriber.StartAsync(name, Collect(seen), new() { From = start }).ConfigureAwait(false), seen, expected));
            }

            await log.AppendAsync("t", Make.Event()).ConfigureAwait(false);
            foreach (var (subscription, seen, expected) in started)
            {
                await WaitAsync(subscription, 6).ConfigureAwait(false);
                Expect.Equal(expected, seen, $"what came from {subscription.Name}");
            }

            await Expect.ThrowsAsync<LogTruncatedException>(
                () => subscriber.StartAsync("beyond", Collect([]), new() { From = Start.After(GlobalPosition.FromInt64(1000)) }), "a start beyond the head").ConfigureAwait(false);
        }
    }

    private static async Task Subscription_delivers_what_is_appended_while_it_catches_up_once_and_in_order(LogUnderTest log)
    {
        const int before = 3000, during = 300;
        for (var i = 0; i < before; i += 1000) await log.AppendAsync("s", Make.Numbered(1000)).ConfigureAwait(false);
        var seen = new ConcurrentQueue<long>();
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var subscription = await subscriber.StartAsync("all", Collect(seen)).ConfigureAwait(false);
            for (var i = 0; i < during; i++) await log.AppendAsync("t", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, before + during).ConfigureAwait(false);
            Expect.Equal(Make.CountTo(before + during), seen, "what came");
            await UntilAsync(() => subscription.State == SubscriptionState.Live, "the subscription is live").ConfigureAwait(false);
            var status = await subscription.GetStatusAsync().ConfigureAwait(false);
            Expect.Equal((0L, (long)before + during, before + during), (status.Lag, status.Handled, status.Position.ToInt64()), "lag, handled, position");
        }
    }

    private static async Task Subscription_resumes_after_what_it_handled(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<long>();
        for (var run = 1; run <= 3; run++)
        {
            await log.AppendAsync("s", Make.Numbered(10)).ConfigureAwait(false);
            var subscriber = On(log);
            await using (subscriber.ConfigureAwait(false))
                await WaitAsync(await subscriber.StartAsync("again", Collect(seen), new() { From = Start.End }).ConfigureAwait(false), run * 10).ConfigureAwait(false);
        }

        Expect.Equal(Make.CountTo(30).Skip(10), seen, "what came");
    }

    private static async Task Subscription_resumes_after_reopening(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<long>();
        for (var run = 1; run <= 2; run++)
        {
            await log.AppendAsync("s", Make.Numbered(10)).ConfigureAwait(false);
            var subscriber = On(log);
            await using (subscriber.ConfigureAwait(false))
                await WaitAsync(await subscriber.StartAsync("again", Collect(seen)).ConfigureAwait(false), run * 10).ConfigureAwait(false);
            await log.ReopenAsync().ConfigureAwait(false);
        }

        Expect.Equal(Make.CountTo(20), seen, "what came");
    }

    private static async Task Subscription_is_filtered_by_its_query(LogUnderTest log)
    {
        await log.AppendAsync("order-1", Make.Event("A"), Make.Event("B", tags: "k:1"), Make.Event("C")).ConfigureAwait(false);
        await log.AppendAsync("cart-1", Make.Event("A"), Make.Event("B", tags: "k:2"), Make.Event("C", tags: "k:1")).ConfigureAwait(false);
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            foreach (var (name, query, expected) in new (string, EventQuery, long[])[]
            {
                ("type", EventQuery.OfTypes("A"), [1, 4]), ("tag", EventQuery.All.Tagged("k", "1"), [2, 6]), ("category", EventQuery.All.InCategory("cart"), [4, 5, 6]),
            })
            {
                var seen = new ConcurrentQueue<long>();
                await WaitAsync(await subscriber.StartAsync(name, Collect(seen), new() { Query = query }).ConfigureAwait(false), 6).ConfigureAwait(false);
                Expect.Equal(expected, seen, name);
            }
        }
    }

    private static async Task Subscription_passes_over_a_stream_and_still_moves_its_checkpoint(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(100)).ConfigureAwait(false);
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
            await WaitAsync(await subscriber.StartAsync("none", Collect([]), new() { Query = EventQuery.OfTypes("Other") }).ConfigureAwait(false), 100).ConfigureAwait(false);
        Expect.Equal(100, await CheckpointAsync(log, "none").ConfigureAwait(false), "the checkpoint");
    }

    private static async Task Subscription_delivers_batches_no_larger_than_the_interval(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(250)).ConfigureAwait(false);
        var sizes = new ConcurrentQueue<int>();
        var seen = new ConcurrentQueue<long>();
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawBatches((events, _, _) =>
            {
                sizes.Enqueue(events.Length);
                foreach (var e in events.Span) seen.Enqueue(e.Position.ToInt64());
                return default;
            });
            await WaitAsync(await subscriber.StartAsync("batches", handler, new() { CheckpointEvery = 100 }).ConfigureAwait(false), 250).ConfigureAwait(false);
        }

        Expect.Equal(Make.CountTo(250), seen, "what came");
        Expect.Equal([100, 100, 50], sizes, "the batches");
    }

    private static async Task Checkpoint_is_never_ahead_of_the_effect_nor_behind_by_more_than_the_interval(LogUnderTest log)
    {
        const int all = 2300;
        await log.AppendAsync("s", Make.Numbered(all)).ConfigureAwait(false);
        var wrong = new ConcurrentQueue<string>();
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
            foreach (var interval in new[] { 10, 500, 700 })
            {
                var each = $"each {interval}";
                var batches = $"batches {interval}";
                var ofEach = SubscriptionHandler.EachRaw((e, _, _) => JudgeAsync(each, interval, e.Position, e.Position));
                var ofBatches = SubscriptionHandler.RawBatches((events, _, _) => JudgeAsync(batches, interval, events.Span[0].Position, events.Span[^1].Position));
                foreach (var (name, handler) in new[] { (each, ofEach), (batches, ofBatches) })
                    await WaitAsync(await subscriber.StartAsync(name, handler, new() { CheckpointEvery = interval }).ConfigureAwait(false), all).ConfigureAwait(false);
            }

        Expect.Equal([], wrong, "checkpoints out of bounds");
        Expect.Equal(all, await CheckpointAsync(log, "each 500").ConfigureAwait(false), "the checkpoint at the end");

        async ValueTask JudgeAsync(string name, int interval, GlobalPosition first, GlobalPosition last)
        {
            var checkpoint = await CheckpointAsync(log, name).ConfigureAwait(false);
            if (checkpoint >= first.ToInt64() || last.ToInt64() - checkpoint > interval) wrong.Enqueue($"{name}: {checkpoint} at {first} to {last}");
        }
    }

    private static async Task Checkpoint_is_written_when_nothing_comes(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            await WaitAsync(await subscriber.StartAsync("idle", Collect([]), new() { CheckpointIdle = TimeSpan.FromMilliseconds(10) }).ConfigureAwait(false), 5).ConfigureAwait(false);
            using var giveUp = new CancellationTokenSource(Patience);
            while (await CheckpointAsync(log, "idle").ConfigureAwait(false) != 5) Expect.True(!giveUp.IsCancellationRequested, "the checkpoint is written");
        }
    }

    private static async Task Checkpoint_beyond_the_head_faults_and_a_reset_cures(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var seen = new ConcurrentQueue<long>();
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            await (await subscriber.StartAsync("lost", Collect(seen)).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            await log.TransactAsync(t =>
            {
                t.TryGet(RecordKind.Checkpoint, "lost", out var record);
                var value = record!.Value.ToArray();
                BitConverter.TryWriteBytes(value.AsSpan(2), 9L);
                return t.TryPut(RecordKind.Checkpoint, "lost", value, record.Revision);
            }).ConfigureAwait(false);
            seen.Clear();
            var subscription = await subscriber.StartAsync("lost", Collect(seen)).ConfigureAwait(false);
            await UntilAsync(() => subscription.State == SubscriptionState.Faulted, "the subscription is faulted").ConfigureAwait(false);
            var error = (await subscription.GetStatusAsync().ConfigureAwait(false)).LastError as LogTruncatedException;
            Expect.Equal((9L, 5L), (error?.Checkpoint.ToInt64(), error?.Head.ToInt64()), "checkpoint and head of the error");
            await subscription.ResetAsync(Start.After(GlobalPosition.FromInt64(3))).WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            Expect.Equal([4, 5], seen, "what came after the reset");
        }
    }

    private static async Task Enlisted_effects_are_committed_with_the_checkpoint(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(50)).ConfigureAwait(false);
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.EachRaw((e, delivery, _) =>
            {
                delivery.Enlist(t => t.TryPut(RecordKind.Document, $"doc-{e.Position}", e.Data.Span, 0));
                delivery.Enlist(t => t.Append(Make.Append("copies", ExpectedVersion.Exactly(e.Position.ToInt64() - 1), Make.Event(data: "1"))));
                return default;
            });
            var options = new SubscriptionOptions { Query = EventQuery.All.InStream("s"), CheckpointEvery = 7 };
            await WaitAsync(await subscriber.StartAsync("copy", handler, options).ConfigureAwait(false), 50).ConfigureAwait(false);
        }

        Expect.Equal(50, await log.VersionAsync("copies").ConfigureAwait(false), "the copies");
        Expect.Equal(50, (await log.TransactAsync(t => t.Range(RecordKind.Document, "doc-", "doc-~", 100)).ConfigureAwait(false)).Count, "the documents");
        Expect.True(await CheckpointAsync(log, "copy").ConfigureAwait(false) >= 50, "the checkpoint");
    }

    private static async Task Refused_effect_parks_its_event_only_and_loses_no_other_effect(LogUnderTest log)
    {
        for (var i = 0; i < 20; i++) await log.AppendAsync($"s-{i % 5}", Make.Event()).ConfigureAwait(false);
        foreach (var isBatch in new[] { false, true })
        {
            var target = isBatch ? "batch" : "each";
            void Handle(RecordedEvent e, Delivery delivery) => delivery.Enlist(t =>
            {
                if (e.Position.ToInt64() == 8) throw new InvalidOperationException("refused");
                t.Append(Make.Append(target, Make.Event(data: e.Position.ToString())));
            });
            var handler = isBatch
                ? SubscriptionHandler.RawBatches((events, delivery, _) =>
                {
                    foreach (var e in events.Span) Handle(e, delivery);
                    return default;
                })
                : SubscriptionHandler.EachRaw((e, delivery, _) =>
                {
                    Handle(e, delivery);
                    return default;
                });
            var subscriber = On(log);
            await using (subscriber.ConfigureAwait(false))
            {
                var options = new SubscriptionOptions { Query = EventQuery.All.InCategory("s"), CheckpointEvery = 6, OnFailure = OnFailure.RetryThenPark(times: 1, TimeSpan.Zero) };
                var subscription = await subscriber.StartAsync(target, handler, options).ConfigureAwait(false);
                await WaitAsync(subscription, 20).ConfigureAwait(false);
                Expect.Equal([8, 13, 18], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
            }

            var effects = (await log.ReadStreamAsync(target).ConfigureAwait(false)).Texts().Select(long.Parse);
            Expect.Equal(Make.CountTo(20).Where(p => p % 5 != 3 || p < 8), effects, "the effects");
        }
    }

    private static async Task<long[]> ParkedAsync(Subscription subscription)
    {
        var parked = new List<long>();
        await foreach (var e in subscription.ReadParkedAsync().ConfigureAwait(false)) parked.Add(e.Event.Position.ToInt64());
        return [.. parked];
    }

    private static async Task Paused_subscription_delivers_nothing_until_resumed(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<long>();
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var subscription = await subscriber.StartAsync("pausing", Collect(seen)).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            await subscription.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
            await UntilAsync(() => subscription.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            Expect.Equal((5, 5L), (seen.Count, (await subscription.GetStatusAsync().ConfigureAwait(false)).Lag), "what came, and the lag");
            await subscription.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(subscription, 10).ConfigureAwait(false);
            Expect.Equal(Make.CountTo(10), seen, "what came");
        }
    }

    private static async Task Reset_delivers_again_and_says_so(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<(long, bool)>();
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var subscription = await subscriber.StartAsync("again", SubscriptionHandler.EachRaw((e, delivery, _) =>
            {
                seen.Enqueue((e.Position.ToInt64(), delivery.IsReplay));
                return default;
            })).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
            await WaitAsync(subscription, 3).ConfigureAwait(false);
            await subscription.ResetAsync(Start.After(GlobalPosition.FromInt64(1))).WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(1)).ConfigureAwait(false);
            await WaitAsync(subscription, 4).ConfigureAwait(false);
            Expect.Equal([(1, false), (2, false), (3, false), (2, true), (3, true), (4, false)], seen, "what came");
        }
    }

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
            await UntilAsync(() => subscription.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
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

    private static async Task Unknown_type_is_an_error_only_where_it_is_selected(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event("unknown"), Make.Event("other")).ConfigureAwait(false);
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var raw = new ConcurrentQueue<long>();
            await WaitAsync(await subscriber.StartAsync("raw", Collect(raw)).ConfigureAwait(false), 2).ConfigureAwait(false);
            Expect.Equal([1, 2], raw, "what came as bytes");
            var typed = SubscriptionHandler.Each((_, _, _) => default);
            await WaitAsync(await subscriber.StartAsync("nothing", typed, new() { Query = EventQuery.OfTypes("absent") }).ConfigureAwait(false), 2).ConfigureAwait(false);
            var selecting = await subscriber.StartAsync("typed", typed).ConfigureAwait(false);
            await UntilAsync(() => selecting.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            var error = (await selecting.GetStatusAsync().ConfigureAwait(false)).LastError as SubscriptionException;
            Expect.True(error?.InnerException is UnknownEventTypeException { Type: "unknown" }, "the error names the type");
            Expect.Equal(1, error!.Attempts, "the attempts");
        }
    }

    private static async Task Second_runner_of_a_name_waits_and_takes_over_at_once_when_the_first_stops(LogUnderTest log)
    {
        var (seenByFirst, seenBySecond) = (new ConcurrentQueue<long>(), new ConcurrentQueue<long>());
        var options = new SubscriberOptions { LeaseTimeout = TimeSpan.FromSeconds(3) };
        var (first, second) = (On(log, options), On(log, options));
        await using (second.ConfigureAwait(false))
        {
            Subscription waiting;
            await using (first.ConfigureAwait(false))
            {
                var active = await first.StartAsync("one", Collect(seenByFirst)).ConfigureAwait(false);
                await UntilAsync(() => active.State == SubscriptionState.Live, "the first is live").ConfigureAwait(false);
                waiting = await second.StartAsync("one", Collect(seenBySecond)).ConfigureAwait(false);
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

    private static async Task Second_subscription_of_a_name_in_a_subscriber_is_refused(LogUnderTest log)
    {
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var subscription = await subscriber.StartAsync("one", Collect([])).ConfigureAwait(false);
            await Expect.ThrowsAsync<InvalidOperationException>(() => subscriber.StartAsync("one", Collect([])), "a second of the name").ConfigureAwait(false);
            await subscription.DisposeAsync().ConfigureAwait(false);
            await subscriber.StartAsync("one", Collect([])).ConfigureAwait(false);
            await Expect.ThrowsAsync<ArgumentException>(() => subscriber.StartAsync("a/b", Collect([])), "a name with a slash").ConfigureAwait(false);
        }
    }

    private static async Task Handler_may_append_to_the_log_it_listens_to(LogUnderTest log)
    {
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.EachRaw(async (e, _, _) =>
            {
                if (e.StreamId == "s") await log.AppendAsync("echo", Make.Event()).ConfigureAwait(false);
            });
            var subscription = await subscriber.StartAsync("echo", handler).ConfigureAwait(false);
            for (var i = 0; i < 20; i++) await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, 40).ConfigureAwait(false);
            Expect.Equal(20, await log.VersionAsync("echo").ConfigureAwait(false), "the echoes");
        }
    }

    private static async Task Stopped_subscription_fails_its_waiters(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var subscription = await subscriber.StartAsync("short", Collect([])).ConfigureAwait(false);
            var wait = subscription.WaitForAsync(GlobalPosition.FromInt64(100));
            await subscription.DisposeAsync().ConfigureAwait(false);
            await Expect.ThrowsAsync<ObjectDisposedException>(() => wait.WaitAsync(Patience), "the wait").ConfigureAwait(false);
            await Expect.ThrowsAsync<ObjectDisposedException>(() => WaitAsync(subscription, 1), "a later wait").ConfigureAwait(false);
            await subscription.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static SubscriptionHandler CollectVersions(ConcurrentQueue<(string, long)> seen) => SubscriptionHandler.EachRaw(async (e, _, _) =>
    {
        await Task.Yield();
        seen.Enqueue((e.StreamId.Value, e.Version));
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
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            var subscription = await subscriber.StartAsync("group", CollectVersions(seen), new() { IsGroup = true, Workers = 4 }).ConfigureAwait(false);
            await WaitAsync(subscription, 500).ConfigureAwait(false);
            Expect.Equal(16, subscription.ActiveSegments, "the segments");
        }

        ExpectEachOnceInOrder(seen, streams: 50, perStream: 10);
    }

    private static async Task Group_is_shared_and_handed_over_without_repeats(LogUnderTest log)
    {
        var seen = new ConcurrentQueue<(string, long)>();
        var options = new SubscriberOptions { LeaseTimeout = TimeSpan.FromSeconds(1) };
        var group = new SubscriptionOptions { IsGroup = true, Workers = 2 };
        async Task AppendAsync()
        {
            for (var i = 0; i < 5; i++)
                for (var stream = 0; stream < 30; stream++) await log.AppendAsync($"s-{stream}", Make.Event()).ConfigureAwait(false);
        }

        var (first, second) = (On(log, options), On(log, options));
        await using (second.ConfigureAwait(false))
        {
            Subscription two;
            await using (first.ConfigureAwait(false))
            {
                var one = await first.StartAsync("group", CollectVersions(seen), group).ConfigureAwait(false);
                await AppendAsync().ConfigureAwait(false);
                await UntilAsync(() => one.ActiveSegments == 16, "the first has every segment").ConfigureAwait(false);
                two = await second.StartAsync("group", CollectVersions(seen), group).ConfigureAwait(false);
                await UntilAsync(() => (one.ActiveSegments, two.ActiveSegments) == (8, 8), "both have half").ConfigureAwait(false);
                await AppendAsync().ConfigureAwait(false);
                await UntilAsync(() => seen.Count >= 300, "everything came").ConfigureAwait(false);
            }

            await AppendAsync().ConfigureAwait(false);
            await WaitAsync(two, 450).ConfigureAwait(false);
            Expect.Equal(16, two.ActiveSegments, "the segments of the second");
        }

        ExpectEachOnceInOrder(seen, streams: 30, perStream: 15);
    }

    private static async Task Group_and_single_subscription_do_not_share_a_name(LogUnderTest log)
    {
        var subscriber = On(log);
        await using (subscriber.ConfigureAwait(false))
        {
            foreach (var isGroup in new[] { false, true })
            {
                await (await subscriber.StartAsync($"kind-{isGroup}", Collect([]), new() { IsGroup = isGroup }).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
                await Expect.ThrowsAsync<InvalidOperationException>(() => subscriber.StartAsync($"kind-{isGroup}", Collect([]), new() { IsGroup = !isGroup }), "the other kind").ConfigureAwait(false);
            }
        }
    }
}
