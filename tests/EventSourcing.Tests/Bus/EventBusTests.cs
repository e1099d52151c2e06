using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using EventSourcing.Storage;
using NUnit.Framework;

namespace EventSourcing.Tests.Bus;

[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EventBusTests : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private readonly EventStore _store;
    private readonly EventBus _bus;

    public EventBusTests()
    {
        _store = new(new InMemoryEventLog(), EventTypeMap.Empty);
        _bus = new(_store);
    }

    public async ValueTask DisposeAsync()
    {
        await _bus.DisposeAsync();
        await _store.DisposeAsync();
    }

    private async Task<long> AppendAsync(StreamId stream, string type = "t", string? metadata = null, params Tag[] tags) =>
        (await _store.Log.AppendAsync(new LogAppend
        {
            Writes = new[]
            {
                new StreamWrite(stream, ExpectedVersion.Any, new[]
                {
                    new LogEvent { Type = type, Data = "{}"u8.ToArray(), IsJson = true, Tags = tags, Metadata = System.Text.Encoding.UTF8.GetBytes(metadata ?? "") },
                }),
            },
        }, default)).LastPosition.ToInt64();

    // What a live listener tells of itself, it tells when it is asked: there is nothing else to wait for.
    private static async Task UntilAsync(Func<bool> condition)
    {
        using var giveUp = new CancellationTokenSource(s_patience);
        while (!condition())
        {
            Assert.That(giveUp.IsCancellationRequested, Is.False, "waited too long");
            await Task.Delay(1);
        }
    }

    private static Func<RecordedEvent, CancellationToken, Task> Collect(ConcurrentQueue<long> seen) => (e, _) =>
    {
        seen.Enqueue(e.Position.ToInt64());
        return Task.CompletedTask;
    };

    [Test]
    public async Task Routes_choose_by_type_category_stream_tag_header_and_both()
    {
        var filters = new (EventFilter Filter, long[] Expected)[]
        {
            (EventFilter.All, [1, 2, 3, 4]), (EventFilter.OfTypes("a"), [1, 2]), (EventFilter.Category("order"), [1, 3]), (EventFilter.Stream("cart-1"), [2, 4]), (EventFilter.Tag("k", "1"), [3]),
            (EventFilter.Header("tenant", "7"), [2, 4]), (EventFilter.Header("actor", "ann"), [4]), (EventFilter.OfTypes("a").And(EventFilter.Category("order")), [1]),
        };
        var seen = new ConcurrentQueue<long>[filters.Length];
        for (var i = 0; i < filters.Length; i++) await _bus.SubscribeLiveRawAsync(filters[i].Filter, Collect(seen[i] = []));
        var durable = new ConcurrentQueue<long>[filters.Length];
        var subscriptions = new Subscription[filters.Length];
        for (var i = 0; i < filters.Length; i++)
        {
            var queue = durable[i] = [];
            subscriptions[i] = await _bus.SubscribeAsync($"filter {i}", SubscriptionHandler.RawEach((e, _, _) =>
            {
                queue.Enqueue(e.Position.ToInt64());
                return Task.CompletedTask;
            }), new() { Filter = filters[i].Filter });
        }

        await AppendAsync("order-1", "a");
        await AppendAsync("cart-1", "a", """{"tenant":"7"}""");
        await AppendAsync("order-1", "b", null, new Tag("k", "1"));
        await AppendAsync("cart-1", "b", """{"tenant":"7","actor":"ann"}""");
        for (var i = 0; i < filters.Length; i++)
        {
            var (own, expected) = (seen[i], filters[i].Expected);
            await UntilAsync(() => own.Count >= expected.Length);
            await subscriptions[i].WaitForPositionAsync(GlobalPosition.FromInt64(4)).WaitAsync(s_patience);
            Assert.That(own, Is.EqualTo(expected));
            Assert.That(durable[i], Is.EqualTo(expected));
        }
    }

    [Test]
    public async Task Live_subscription_added_while_running_gets_history_or_not_as_it_asks()
    {
        for (var i = 0; i < 3; i++) await AppendAsync("s");
        var (all, now) = (new ConcurrentQueue<long>(), new ConcurrentQueue<long>());
        await _bus.SubscribeLiveRawAsync(EventFilter.All, Collect(all), new() { From = StartFrom.Beginning });
        await _bus.SubscribeLiveRawAsync(EventFilter.All, Collect(now));
        for (var i = 0; i < 3; i++) await AppendAsync("s");
        await UntilAsync(() => all.Count == 6 && now.Count == 3);
        Assert.That(all, Is.EqualTo(new long[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(now, Is.EqualTo(new long[] { 4, 5, 6 }));
    }

    [Test]
    public async Task Stuck_and_throwing_subscriptions_delay_neither_the_writer_nor_another_subscription()
    {
        const int events = 20_000;
        var stuck = new TaskCompletionSource();
        var slow = new ConcurrentQueue<long>();
        var waiting = await _bus.SubscribeLiveRawAsync(EventFilter.All, async (e, _) =>
        {
            await stuck.Task;
            slow.Enqueue(e.Position.ToInt64());
        }, new() { Capacity = 16 });
        var throwing = await _bus.SubscribeLiveRawAsync(EventFilter.All, (_, _) => throw new InvalidOperationException("always"));
        var good = new ConcurrentQueue<long>();
        await _bus.SubscribeLiveRawAsync(EventFilter.All, Collect(good));
        for (var i = 0; i < events; i++) await AppendAsync("s");
        await UntilAsync(() => good.Count == events && throwing.Failures == events);
        Assert.That(good, Is.Ordered.Ascending);
        stuck.SetResult();
        await UntilAsync(() => slow.Count == events);
        Assert.That(slow, Is.EqualTo(Enumerable.Range(1, events).Select(i => (long)i)), "left the feed, read on by itself, and lost nothing");
        Assert.That(throwing.LastError, Is.InstanceOf<InvalidOperationException>());
        await AppendAsync("s");
        await UntilAsync(() => slow.Count == events + 1);
        Assert.That(waiting.IsFaulted, Is.False);
    }

    [Test]
    public async Task Dropped_events_are_the_oldest_and_every_one_is_counted()
    {
        const int events = 5000;
        var (entered, stuck) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        var seen = new ConcurrentQueue<long>();
        var listener = await _bus.SubscribeLiveRawAsync(EventFilter.All, async (e, _) =>
        {
            entered.TrySetResult();
            await stuck.Task;
            seen.Enqueue(e.Position.ToInt64());
        }, new() { Capacity = 10, OnOverflow = OverflowPolicy.DropOldest });
        await UntilAsync(() => listener.IsLive);
        await AppendAsync("s");
        await entered.Task.WaitAsync(s_patience);
        for (var i = 1; i < events; i++) await AppendAsync("s");
        await UntilAsync(() => listener.Dropped > 0);
        stuck.SetResult();
        await UntilAsync(() => seen.Count + listener.Dropped == events);
        Assert.That(seen, Is.Ordered.Ascending);
        Assert.That(seen.Last(), Is.EqualTo(events));
    }

    [Test]
    public async Task Live_subscription_that_is_to_fail_when_full_ends_with_an_error()
    {
        var stuck = new TaskCompletionSource();
        var listener = await _bus.SubscribeLiveRawAsync(EventFilter.All, async (_, _) => await stuck.Task, new() { Capacity = 10, OnOverflow = OverflowPolicy.Fail });
        await UntilAsync(() => listener.IsLive);
        for (var i = 0; i < 100; i++) await AppendAsync("s");
        await UntilAsync(() => listener.IsFaulted);
        Assert.That(listener.LastError, Is.InstanceOf<EventBusException>());
        stuck.SetResult();
    }

    [Test]
    public async Task Disposed_subscription_gets_nothing_and_the_feed_rests_without_subscriptions()
    {
        var seen = new ConcurrentQueue<long>();
        var listener = await _bus.SubscribeLiveRawAsync(EventFilter.All, Collect(seen));
        await AppendAsync("s");
        await UntilAsync(() => seen.Count == 1);
        await listener.DisposeAsync();
        await AppendAsync("s");
        Assert.That((seen.Count, _bus.LiveSubscriptions.Count), Is.EqualTo((1, 0)));
        var again = new ConcurrentQueue<long>();
        await _bus.SubscribeLiveRawAsync(EventFilter.All, Collect(again));
        await AppendAsync("s");
        await UntilAsync(() => again.Count == 1);
        Assert.That(again, Is.EqualTo(new long[] { 3 }));
    }

    [Test]
    public async Task Live_subscription_continues_when_the_log_could_not_be_read_just_now()
    {
        var log = new UnsteadyLog(_store.Log);
        await using var bus = new EventBus(new EventStore(log, EventTypeMap.Empty), new() { Randomness = () => 0.999 });
        var seen = new ConcurrentQueue<long>();
        log.Failures = 3;
        var listener = await bus.SubscribeLiveRawAsync(EventFilter.All, Collect(seen), new() { From = StartFrom.Beginning });
        await UntilAsync(() => log.Failures == 0);
        await AppendAsync("s");
        await UntilAsync(() => seen.Count == 1 && listener.IsLive);
        log.Failures = 2;
        await AppendAsync("s");
        await UntilAsync(() => seen.Count == 2);
        Assert.That(listener.LastError, Is.InstanceOf<StoreUnavailableException>());
        Assert.That((listener.IsFaulted, listener.Failures), Is.EqualTo((false, 0L)));
        Assert.That(seen, Is.EqualTo(new long[] { 1, 2 }));
    }

    [Test]
    public async Task Predicate_that_throws_is_the_handlers_failure()
    {
        for (var i = 0; i < 9; i++) await AppendAsync($"s-{i % 3}");
        var isBroken = true;
        var seen = new ConcurrentQueue<long>();
        var store = new EventStore(_store.Log, EventTypeMap.Create(BusJson.Default, map => map.Add<Nothing>("t")));
        await using var bus = new EventBus(store);
        var filter = EventFilter.Where(e => isBroken && e.Position.ToInt64() == 5 ? throw new InvalidOperationException("broken") : e.Position.ToInt64() != 6);
        var options = new SubscriptionOptions { Filter = filter, OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park } };
        foreach (var handler in new[] { SubscriptionHandler.RawEach((e, _, _) => Note(e)), SubscriptionHandler.RawBatches((events, _, _) => Note(events.ToArray())) })
        {
            isBroken = true;
            seen.Clear();
            await using var subscription = await bus.SubscribeAsync($"where {handler.IsBatch}", handler, options);
            await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(9)).WaitAsync(s_patience);
            Assert.That(seen, Is.EqualTo(new long[] { 1, 2, 3, 4, 7, 9 }));
            isBroken = false;
            Assert.That(await subscription.RetryAsync("s-1"), Is.EqualTo(2));
            Assert.That(seen, Is.EqualTo(new long[] { 1, 2, 3, 4, 7, 9, 5, 8 }));
        }

        Task Note(params RecordedEvent[] events)
        {
            foreach (var e in events) seen.Enqueue(e.Position.ToInt64());
            return Task.CompletedTask;
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Key_that_cannot_be_told_is_the_handlers_failure(bool isGroup)
    {
        for (var i = 0; i < 9; i++) await AppendAsync($"s-{i % 3}");
        var isBroken = true;
        var seen = new ConcurrentQueue<long>();
        var options = new SubscriptionOptions
        {
            IsPartitioned = isGroup,
            PartitionKey = e => isBroken && e.StreamId == "s-1" ? throw new InvalidOperationException("broken") : $"key of {e.StreamId}",
            OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park },
        };
        var subscription = await _bus.SubscribeAsync("keyed", SubscriptionHandler.RawEach((e, _, _) =>
        {
            if (isBroken && e.StreamId == "s-1") throw new InvalidOperationException("broken");
            seen.Enqueue(e.Position.ToInt64());
            return Task.CompletedTask;
        }), options);
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(9)).WaitAsync(s_patience);
        Assert.That(seen.Order(), Is.EqualTo(new long[] { 1, 3, 4, 6, 7, 9 }));
        var parked = new List<(long, string)>();
        await foreach (var e in subscription.ReadParkedAsync()) parked.Add((e.Event.Position.ToInt64(), e.PartitionKey));
        Assert.That(parked, Is.EqualTo(new[] { (2, "s-1"), (5, "s-1"), (8, "s-1") }));
        isBroken = false;
        Assert.That(await subscription.RetryAsync("s-1"), Is.EqualTo(3));
        Assert.That(seen.TakeLast(3), Is.EqualTo(new long[] { 2, 5, 8 }));
    }

    [Test]
    public async Task Live_subscriptions_hold_no_lease()
    {
        await _bus.SubscribeLiveRawAsync(EventFilter.All, (_, _) => Task.CompletedTask);
        await AppendAsync("s");
        Assert.That(await _store.Log.ReadRecordsAsync(RecordKind.Lease, "", null, 10, default), Is.Empty);
    }
}

internal sealed record Nothing;

[JsonSerializable(typeof(Nothing))]
internal sealed partial class BusJson : JsonSerializerContext;
