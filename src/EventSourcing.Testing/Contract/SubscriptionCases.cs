using System.Collections.Concurrent;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Durable subscriptions, which work alike on every log: where they start and resume, what they deliver, and how they are controlled.</summary>
internal static class SubscriptionCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Subscription_starts_at_the_beginning_the_end_a_position_or_a_time),
        ContractCase.Of(Subscription_delivers_what_is_appended_while_it_catches_up_once_and_in_order),
        ContractCase.Of(Subscription_resumes_after_the_last_handled_event),
        ContractCase.Of(Subscription_resumes_after_reopening, LogCapabilities.Durable),
        ContractCase.Of(Subscription_is_filtered_by_its_query),
        ContractCase.Of(Subscriptions_that_read_the_log_together_each_receive_their_own_events),
        ContractCase.Of(Subscription_delivers_batches_no_larger_than_the_interval),
        ContractCase.Of(Unknown_type_is_an_error_only_where_it_is_selected),
        ContractCase.Of(Handler_may_append_to_its_own_log),
        ContractCase.Of(Paused_subscription_delivers_nothing_until_resumed),
        ContractCase.Of(Reset_delivers_again_and_marks_the_deliveries),
        ContractCase.Of(Batch_holds_replays_only_or_other_events_only),
        ContractCase.Of(Second_subscription_with_the_same_name_in_a_bus_is_refused),
        ContractCase.Of(Stopped_subscription_fails_pending_waits),
    ];

    private static async Task Subscription_starts_at_the_beginning_the_end_a_position_or_a_time(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
        log.Clock.Advance(TimeSpan.FromMinutes(1));
        var time = log.Clock.Now.AddSeconds(-1);
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var started = new List<(Subscription Subscription, ConcurrentQueue<long> Seen, IEnumerable<long> Expected)>();
            foreach (var (name, start, expected) in new (string, StartFrom, IEnumerable<long>)[]
            {
                ("beginning", StartFrom.Beginning, Make.CountTo(6)), ("end", StartFrom.End, [6]), ("position", StartFrom.After(GlobalPosition.FromInt64(2)), [3, 4, 5, 6]),
                ("time", StartFrom.At(time), [4, 5, 6]), ("tomorrow", StartFrom.At(time.AddDays(1)), [6]), ("end of the calendar", StartFrom.At(DateTimeOffset.MaxValue), [6]),
                ("beginning of the calendar", StartFrom.At(DateTimeOffset.MinValue), Make.CountTo(6)),
            })
            {
                var received = new ConcurrentQueue<long>();
                started.Add((await bus.SubscribeAsync(name, Collect(received), new() { From = start }).ConfigureAwait(false), received, expected));
            }

            await log.AppendAsync("t", Make.Event()).ConfigureAwait(false);
            foreach (var (subscription, received, expected) in started)
            {
                await WaitAsync(subscription, 6).ConfigureAwait(false);
                Expect.Equal(expected, received, $"the received events of {subscription.Name}");
            }

            await Expect.ThrowsAsync<PositionOutOfRangeException>(
                () => bus.SubscribeAsync("beyond", Collect([]), new() { From = StartFrom.After(GlobalPosition.FromInt64(1000)) }), "a start beyond the head").ConfigureAwait(false);
        }
    }

    private static async Task Subscription_delivers_what_is_appended_while_it_catches_up_once_and_in_order(LogUnderTest log)
    {
        const int before = 3000, during = 300;
        for (var i = 0; i < before; i += 1000) await log.AppendAsync("s", Make.Numbered(1000)).ConfigureAwait(false);
        var received = new ConcurrentQueue<long>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("all", Collect(received)).ConfigureAwait(false);
            for (var i = 0; i < during; i++) await log.AppendAsync("t", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, before + during).ConfigureAwait(false);
            Expect.Equal(Make.CountTo(before + during), received, "the received events");
            await log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Live, "the subscription is live").ConfigureAwait(false);
            var status = await subscription.GetStatusAsync().ConfigureAwait(false);
            Expect.Equal((0L, (long)before + during, before + during), (status.Lag, status.Handled, status.Position.ToInt64()), "lag, handled, position");
        }
    }

    private static async Task Subscription_resumes_after_the_last_handled_event(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        for (var run = 1; run <= 3; run++)
        {
            await log.AppendAsync("s", Make.Numbered(10)).ConfigureAwait(false);
            var bus = On(log);
            await using (bus.ConfigureAwait(false))
                await WaitAsync(await bus.SubscribeAsync("again", Collect(received), new() { From = StartFrom.End }).ConfigureAwait(false), run * 10).ConfigureAwait(false);
        }

        Expect.Equal(Make.CountTo(30).Skip(10), received, "the received events");
    }

    private static async Task Subscription_resumes_after_reopening(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        for (var run = 1; run <= 2; run++)
        {
            await log.AppendAsync("s", Make.Numbered(10)).ConfigureAwait(false);
            var bus = On(log);
            await using (bus.ConfigureAwait(false))
                await WaitAsync(await bus.SubscribeAsync("again", Collect(received)).ConfigureAwait(false), run * 10).ConfigureAwait(false);
            await log.ReopenAsync().ConfigureAwait(false);
        }

        Expect.Equal(Make.CountTo(20), received, "the received events");
    }

    private static async Task Subscription_is_filtered_by_its_query(LogUnderTest log)
    {
        await log.AppendAsync("order-1", Make.Event("A"), Make.Event("B", tags: "k:1"), Make.Event("C")).ConfigureAwait(false);
        await log.AppendAsync("cart-1", Make.Event("A"), Make.Event("B", tags: "k:2"), Make.Event("C", tags: "k:1")).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            foreach (var (name, query, expected) in new (string, EventQuery, long[])[]
            {
                ("type", EventQuery.OfTypes("A"), [1, 4]), ("tag", EventQuery.All.Tagged("k", "1"), [2, 6]), ("category", EventQuery.All.InCategory("cart"), [4, 5, 6]),
            })
            {
                var received = new ConcurrentQueue<long>();
                await WaitAsync(await bus.SubscribeAsync(name, Collect(received), new() { Filter = query }).ConfigureAwait(false), 6).ConfigureAwait(false);
                Expect.Equal(expected, received, name);
            }
        }
    }

    private static async Task Subscriptions_that_read_the_log_together_each_receive_their_own_events(LogUnderTest log)
    {
        const int all = 12_000;
        for (var i = 0; i < all; i += 400)
            await log.AppendAsync($"{(i % 3 == 0 ? "a" : "b")}-{i % 7}", [.. Enumerable.Range(i, 400).Select(n => Make.Event($"t{n % 4}", tags: $"n:{n % 5}"))]).ConfigureAwait(false);
        var events = await log.ReadAllAsync().ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var started = new List<(Subscription Subscription, ConcurrentQueue<long> Seen, EventQuery Query, long From)>();
            foreach (var (query, from) in new (EventQuery, long)[]
            {
                (EventQuery.All, 0), (EventQuery.All, 0), (EventQuery.OfTypes("t1"), 0), (EventQuery.OfTypes("t1", "t3").InCategory("a"), 17), (EventQuery.All.InCategory("b"), 1500),
                (EventQuery.All.Tagged("n", "2"), 0), (EventQuery.OfTypes("absent"), 0), (EventQuery.OfTypes("t0").Or(EventQuery.All.InStream("b-1")), 3999),
            })
            {
                var received = new ConcurrentQueue<long>();
                var options = new SubscriptionOptions { Filter = query, From = StartFrom.After(GlobalPosition.FromInt64(from)) };
                started.Add((await bus.SubscribeAsync($"together-{started.Count}", Collect(received), options).ConfigureAwait(false), received, query, from));
            }

            foreach (var (subscription, received, query, from) in started)
            {
                await WaitAsync(subscription, all).ConfigureAwait(false);
                var stored = query.Resolve(EventTypeMap.Empty);
                Expect.Equal(events.Where(e => e.Position.ToInt64() > from && stored.Matches(e.Type, e.StreamId, e.Tags ?? [])).Select(e => e.Position.ToInt64()), received, $"the received events of {query}");
            }
        }
    }

    private static async Task Subscription_delivers_batches_no_larger_than_the_interval(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(250)).ConfigureAwait(false);
        var sizes = new ConcurrentQueue<int>();
        var received = new ConcurrentQueue<long>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawBatches((events, _, _) =>
            {
                sizes.Enqueue(events.Length);
                foreach (var e in events.Span) received.Enqueue(e.Position.ToInt64());
                return Task.CompletedTask;
            });
            await WaitAsync(await bus.SubscribeAsync("batches", handler, new() { CheckpointEvery = 100 }).ConfigureAwait(false), 250).ConfigureAwait(false);
        }

        Expect.Equal(Make.CountTo(250), received, "the received events");
        Expect.Equal([100, 100, 50], sizes, "the batches");
    }

    private static async Task Unknown_type_is_an_error_only_where_it_is_selected(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event("unknown"), Make.Event("other")).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var raw = new ConcurrentQueue<long>();
            await WaitAsync(await bus.SubscribeAsync("raw", Collect(raw)).ConfigureAwait(false), 2).ConfigureAwait(false);
            Expect.Equal([1, 2], raw, "the events received as bytes");
            var typed = SubscriptionHandler.Each((_, _, _) => Task.CompletedTask);
            await WaitAsync(await bus.SubscribeAsync("nothing", typed, new() { Filter = EventQuery.OfTypes("absent") }).ConfigureAwait(false), 2).ConfigureAwait(false);
            var selecting = await bus.SubscribeAsync("typed", typed).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => selecting.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            var error = (await selecting.GetStatusAsync().ConfigureAwait(false)).LastError as SubscriptionException;
            Expect.True(error?.InnerException is UnknownEventTypeException { Type: "unknown" }, "the error names the type");
            Expect.Equal(1, error!.Attempts, "the attempts");
        }
    }

    private static async Task Handler_may_append_to_its_own_log(LogUnderTest log)
    {
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach(async (e, _, _) =>
            {
                if (e.StreamId == "s") await log.AppendAsync("echo", Make.Event()).ConfigureAwait(false);
            });
            var subscription = await bus.SubscribeAsync("echo", handler).ConfigureAwait(false);
            for (var i = 0; i < 20; i++) await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await WaitAsync(subscription, 40).ConfigureAwait(false);
            Expect.Equal(20, await log.VersionAsync("echo").ConfigureAwait(false), "the echoes");
        }
    }

    private static async Task Paused_subscription_delivers_nothing_until_resumed(LogUnderTest log)
    {
        var received = new ConcurrentQueue<long>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("pausing", Collect(received)).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            await subscription.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Paused, "it is paused").ConfigureAwait(false);
            Expect.Equal((5, 5L), (received.Count, (await subscription.GetStatusAsync().ConfigureAwait(false)).Lag), "the received events, and the lag");
            await subscription.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(subscription, 10).ConfigureAwait(false);
            Expect.Equal(Make.CountTo(10), received, "the received events");
        }
    }

    private static async Task Reset_delivers_again_and_marks_the_deliveries(LogUnderTest log)
    {
        var received = new ConcurrentQueue<(long, bool)>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("again", SubscriptionHandler.RawEach((e, delivery, _) =>
            {
                received.Enqueue((e.Position.ToInt64(), delivery.IsReplay));
                return Task.CompletedTask;
            })).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
            await WaitAsync(subscription, 3).ConfigureAwait(false);
            await subscription.ResetAsync(StartFrom.After(GlobalPosition.FromInt64(1))).WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(1)).ConfigureAwait(false);
            await WaitAsync(subscription, 4).ConfigureAwait(false);
            Expect.Equal([(1, false), (2, false), (3, false), (2, true), (3, true), (4, false)], received, "the received events");
        }
    }

    private static async Task Batch_holds_replays_only_or_other_events_only(LogUnderTest log)
    {
        var received = new ConcurrentQueue<(string, bool)>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
            var subscription = await bus.SubscribeAsync("batches", SubscriptionHandler.RawBatches((events, delivery, _) =>
            {
                received.Enqueue((string.Join(' ', events.ToArray().Select(e => e.Position)), delivery.IsReplay));
                return Task.CompletedTask;
            })).ConfigureAwait(false);
            await WaitAsync(subscription, 3).ConfigureAwait(false);
            await subscription.PauseAsync().WaitAsync(Patience).ConfigureAwait(false);
            await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
            await subscription.ResetAsync(StartFrom.After(GlobalPosition.FromInt64(1))).WaitAsync(Patience).ConfigureAwait(false);
            await subscription.ResumeAsync().WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            Expect.Equal([("1 2 3", false), ("2 3", true), ("4 5", false)], received, "the received batches");
        }
    }

    private static async Task Second_subscription_with_the_same_name_in_a_bus_is_refused(LogUnderTest log)
    {
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("one", Collect([])).ConfigureAwait(false);
            await Expect.ThrowsAsync<InvalidOperationException>(() => bus.SubscribeAsync("one", Collect([])), "a second of the name").ConfigureAwait(false);
            await subscription.DisposeAsync().ConfigureAwait(false);
            await bus.SubscribeAsync("one", Collect([])).ConfigureAwait(false);
            await Expect.ThrowsAsync<ArgumentException>(() => bus.SubscribeAsync("a/b", Collect([])), "a name with a slash").ConfigureAwait(false);
        }
    }

    private static async Task Stopped_subscription_fails_pending_waits(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("short", Collect([])).ConfigureAwait(false);
            var wait = subscription.WaitForPositionAsync(GlobalPosition.FromInt64(100));
            await subscription.DisposeAsync().ConfigureAwait(false);
            await Expect.ThrowsAsync<ObjectDisposedException>(() => wait.WaitAsync(Patience), "the wait").ConfigureAwait(false);
            await Expect.ThrowsAsync<ObjectDisposedException>(() => WaitAsync(subscription, 1), "a later wait").ConfigureAwait(false);
            await subscription.DisposeAsync().ConfigureAwait(false);
        }
    }
}
