using System.Collections.Concurrent;
using EventSourcing.Bus;
using EventSourcing.InMemory;
using EventSourcing.Serialization;
using EventSourcing.Storage;
using EventSourcing.Subscriptions;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>One operation of the log after the other throws what nobody expects.</summary>
[Parallelizable(ParallelScope.All)]
public class FaultTests
{
    private const int Events = 30;

    /// <summary>A log whose operation of a number throws.</summary>
    private sealed class FaultyLog(IEventLog log) : IEventLog
    {
        private int _left = int.MaxValue;

        internal int Left
        {
            get => Volatile.Read(ref _left);
            set => Volatile.Write(ref _left, value);
        }

        internal IEventLog Inner => log;

        internal Signal Thrown { get; } = new();

        private void Meet()
        {
            if (Interlocked.Decrement(ref _left) != 0) return;
            Thrown.Set();
            throw new NotSupportedException("injected");
        }

        public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => log.AppendAsync(append, cancellationToken);

        public async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
        {
            Meet();
            return await log.ReadAsync(read, cancellationToken);
        }

        public async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
        {
            Meet();
            await log.WaitAsync(after, cancellationToken);
        }

        public async ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
        {
            Meet();
            return await log.ReadRecordsAsync(kind, from, through, max, cancellationToken);
        }

        public async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
        {
            Meet();
            return await log.TransactAsync(work, cancellationToken);
        }

        public ValueTask DisposeAsync() => log.DisposeAsync();
    }

    [Test]
    public async Task Every_loop_goes_on_or_says_that_it_is_faulted_whichever_operation_of_the_log_throws([Range(1, 24)] int operation)
    {
        await using var inner = new InMemoryEventLog();
        var log = new FaultyLog(inner);
        var changed = new Signal();
        var (one, two, live) = (new ConcurrentDictionary<long, bool>(), new ConcurrentDictionary<long, bool>(), new ConcurrentDictionary<long, bool>());
        SubscriptionHandler Collect(ConcurrentDictionary<long, bool> seen) => SubscriptionHandler.EachRaw((e, _, _) =>
        {
            seen[e.Position.ToInt64()] = true;
            return default;
        });
        await using var bus = new EventBus(new EventStore(log, EventTypeMap.Empty), new() { LeaseTimeout = TimeSpan.FromMilliseconds(600), Randomness = () => 0 });
        bus.Subscriber.StateChanged += (_, _, _) => changed.Set();
        var first = await bus.SubscribeAsync("first", Route.All, Collect(one), new() { CheckpointEvery = 7 });
        var second = await bus.SubscribeAsync("second", Route.All, Collect(two), new() { IsGroup = true, CheckpointEvery = 7 });
        var listener = await bus.ListenRawAsync(Route.All, (e, _) =>
        {
            live[e.Position.ToInt64()] = true;
            return default;
        });
        log.Left = operation;
        for (var i = 0; i < Events; i++) await AppendAsync(inner, $"s-{i}");
        await log.Thrown.UntilAsync(() => log.Left <= 0);
        for (var i = 0; i < Events; i++) await AppendAsync(inner, $"s-{i}");

        var through = GlobalPosition.FromInt64(2 * Events);
        foreach (var subscription in new[] { first, second }) await ReachAsync(subscription);
        (one.Count, two.Count).Should().Be((2 * Events, 2 * Events));
        using var giveUp = new CancellationTokenSource(Signal.Patience);
        while (live.Count < 2 * Events && !listener.IsFaulted) await Task.Delay(1, giveUp.Token);
        if (listener.IsFaulted) listener.LastError.Should().BeOfType<NotSupportedException>();

        // What has gone on reaches the head by itself; what is faulted says so and is resumed by hand.
        async Task ReachAsync(Subscription subscription)
        {
            while (true)
            {
                try
                {
                    await subscription.WaitForAsync(through).WaitAsync(Signal.Patience);
                    return;
                }
                catch (SubscriptionException e)
                {
                    e.InnerException.Should().BeOfType<NotSupportedException>();
                    await subscription.ResumeAsync().WaitAsync(Signal.Patience);
                }
            }
        }
    }

    [Test]
    public async Task Clock_and_randomness_that_throw_fault_a_subscription_and_end_nothing()
    {
        await using var inner = new InMemoryEventLog();
        var log = new FaultyLog(inner);
        var (isBroken, changed) = (false, new Signal());
        await using var subscriber = new Subscriber(new EventStore(log, EventTypeMap.Empty), new() { Randomness = () => isBroken ? throw new FormatException("randomness") : 0 });
        subscriber.StateChanged += (_, _, _) => changed.Set();
        var good = await subscriber.StartAsync("good", SubscriptionHandler.EachRaw((_, _, _) => default));
        var bad = await subscriber.StartAsync("bad", SubscriptionHandler.EachRaw((_, _, _) => isBroken ? throw new InvalidOperationException("handler") : default));
        await changed.UntilAsync(() => (good.State, bad.State) == (SubscriptionState.Live, SubscriptionState.Live));
        isBroken = true;
        await AppendAsync(inner, "s");
        await changed.UntilAsync(() => bad.State == SubscriptionState.Faulted);
        (await bad.GetStatusAsync()).LastError.Should().BeOfType<FormatException>();
        await good.WaitForAsync(GlobalPosition.FromInt64(1)).WaitAsync(Signal.Patience);
        isBroken = false;
        await bad.ResumeAsync().WaitAsync(Signal.Patience);
        await changed.UntilAsync(() => bad.State == SubscriptionState.Live);
        await bad.WaitForAsync(GlobalPosition.FromInt64(1)).WaitAsync(Signal.Patience);
    }

    private static ValueTask<AppendResult> AppendAsync(InMemoryEventLog log, StreamId stream) => log.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite(stream, ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) },
    }, default);
}
