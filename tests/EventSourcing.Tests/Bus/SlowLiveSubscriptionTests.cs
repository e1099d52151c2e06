using System.Runtime.CompilerServices;
using EventSourcing.Bus;
using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Bus;

[Parallelizable(ParallelScope.All)]
public class SlowLiveSubscriptionTests
{
    [Test]
    public async Task Live_subscriptions_that_leave_the_feed_all_the_time_reach_the_head([Values(1, 2, 64)] int capacity)
    {
        const int events = 20_000;
        await using var store = new EventStore(new InMemoryEventLog(), EventTypeMap.Empty);
        await using var bus = new EventBus(store);
        var listeners = new List<LiveSubscription>();
        var last = new long[20];
        for (var i = 0; i < last.Length; i++)
        {
            var own = i;
            listeners.Add(await bus.SubscribeLiveRawAsync(EventFilter.All, (e, _) =>
            {
                (e.Position.ToInt64() - last[own]).Should().Be(1, "nothing is lost, and nothing comes twice");
                Volatile.Write(ref last[own], e.Position.ToInt64());
                return Task.CompletedTask;
            }, new() { Capacity = capacity }));
        }

        for (var i = 0; i < events; i++) await AppendAsync(store);
        using var giveUp = new CancellationTokenSource(Signal.Patience);
        while (Enumerable.Range(0, last.Length).Any(i => Volatile.Read(ref last[i]) < events)) await Task.Delay(1, giveUp.Token);
        listeners.Should().OnlyContain(l => l.Failures == 0 && !l.IsFaulted && l.Handled == events);
    }

    [Test]
    public async Task Feed_refuses_a_subscription_that_is_in_its_list_and_returns_whether_it_is()
    {
        await using var store = new EventStore(new InMemoryEventLog(), EventTypeMap.Empty);
        var pages = new SharedPages(store.Log);
        await using var feed = new Feed(pages, store.Types.Codec);
        var listener = new LiveSubscription(store.Types.Codec, feed, new(pages, null, 10), EventFilter.All.Bind(EventTypeMap.Empty), new(), new(), new LiveHandler((RecordedEvent _, CancellationToken _) => Task.CompletedTask));
        feed.TryAttach(listener, 0, default).Should().BeTrue();
        listener.IsLive.Should().BeTrue();
        FluentActions.Invoking(() => feed.TryAttach(listener, 0, default)).Should().Throw<InvalidOperationException>();
        feed.Detach(listener);
        listener.IsLive.Should().BeFalse();
        feed.TryAttach(listener, 0, default).Should().BeTrue();
        feed.Detach(listener);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lock")]
    private static extern ref Lock ListOf(Feed feed);

    // The listener's loop joins again as soon as it sees that it has left: both must be one step.
    [Test]
    public async Task Live_subscription_has_left_the_feed_when_it_is_out_of_the_list_and_not_before([Values(OverflowPolicy.CatchUp, OverflowPolicy.Fail)] OverflowPolicy whenFull)
    {
        await using var store = new EventStore(new InMemoryEventLog(), EventTypeMap.Empty);
        var pages = new SharedPages(store.Log);
        await using var feed = new Feed(pages, store.Types.Codec);
        var listener = new LiveSubscription(store.Types.Codec, feed, new(pages, null, 10), EventFilter.All.Bind(EventTypeMap.Empty), new() { Capacity = 1, OnOverflow = whenFull }, new(), new LiveHandler((RecordedEvent _, CancellationToken _) => Task.CompletedTask));
        feed.TryAttach(listener, 0, default).Should().BeTrue();
        var arrival = new LiveEvent(default, store.Types.Codec);
        listener.Offer(arrival);
        var leaving = new Thread(() => listener.Offer(arrival));
        lock (ListOf(feed))
        {
            leaving.Start();
            SpinWait.SpinUntil(() => leaving.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Signal.Patience).Should().BeTrue("it waits for the list");
            listener.IsLive.Should().BeTrue();
        }

        leaving.Join();
        listener.IsLive.Should().BeFalse();
    }

    [Test]
    public async Task Asynchronous_handler_is_awaited_and_its_failure_counted()
    {
        await using var store = new EventStore(new InMemoryEventLog(), EventTypeMap.Create(NotedJson.Default, map => map.Add<Written>("noted")));
        await using var bus = new EventBus(store);
        var (running, most, changed) = (0, 0, new Signal());
        var listener = await bus.SubscribeLiveAsync(EventFilter.All, async e =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
            changed.Set();
            throw new InvalidOperationException($"at {e.Position}");
        });
        for (var i = 0; i < 20; i++) await store.AppendAsync("s", ExpectedVersion.Any, [new Written("x")]);
        using var giveUp = new CancellationTokenSource(Signal.Patience);
        while (listener.Failures < 20) await Task.Delay(1, giveUp.Token);
        (most, listener.LastError!.Message).Should().Be((1, "at 20"));
    }

    private static ValueTask<AppendResult> AppendAsync(EventStore store) => store.Log.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) },
    }, default);
}

public sealed record Written(string Text);

[System.Text.Json.Serialization.JsonSerializable(typeof(Written))]
internal sealed partial class NotedJson : System.Text.Json.Serialization.JsonSerializerContext;
