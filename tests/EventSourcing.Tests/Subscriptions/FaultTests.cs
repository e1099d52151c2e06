using System.Collections.Concurrent;
using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>One operation of the log, and one call of the clock, after the other throws what nobody expects.</summary>
[Parallelizable(ParallelScope.All)]
public class FaultTests
{
    private const int Events = 30;

    /// <summary>A log whose operation of a number throws.</summary>
    private sealed class FaultyLog(IEventLog log) : DelegatingLog(log)
    {
        private int _left = int.MaxValue;

        internal int Left
        {
            get => Volatile.Read(ref _left);
            set => Volatile.Write(ref _left, value);
        }

        internal Signal Thrown { get; } = new();

        private void Meet()
        {
            if (Interlocked.Decrement(ref _left) != 0) return;
            Thrown.Set();
            throw new NotSupportedException("injected");
        }

        public override async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
        {
            Meet();
            return await Inner.ReadAsync(read, cancellationToken);
        }

        public override async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
        {
            Meet();
            await Inner.WaitAsync(after, cancellationToken);
        }

        public override async ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
        {
            Meet();
            return await Inner.ReadRecordsAsync(kind, from, through, max, cancellationToken);
        }

        public override async ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
        {
            Meet();
            return await Inner.WriteAsync(write, cancellationToken);
        }
    }

    [Test]
    public async Task Every_loop_continues_or_says_that_it_is_faulted_whichever_operation_of_the_log_throws([Range(1, 24)] int operation, [Values] bool isWithoutTime)
    {
        await using var inner = new InMemoryEventLog();
        var log = new FaultyLog(inner);
        var (clock, changed) = (new FaultyClock(), new Signal());
        // Nothing but the time of an error asks for it here: what cannot be dated is told all the same.
        if (isWithoutTime) clock.Fail(FaultyClock.Call.Now, 1, int.MaxValue);
        var (one, two, live) = (new ConcurrentDictionary<long, bool>(), new ConcurrentDictionary<long, bool>(), new ConcurrentDictionary<long, bool>());
        SubscriptionHandler Collect(ConcurrentDictionary<long, bool> seen) => SubscriptionHandler.RawEach((e, _, _) =>
        {
            seen[e.Position.ToInt64()] = true;
            return Task.CompletedTask;
        });
        await using var bus = new EventBus(new EventStore(log, EventTypeMap.Empty), new() { TimeProvider = clock, LeaseTimeout = TimeSpan.FromMilliseconds(600), Randomness = () => 0 });
        bus.StateChanged += (_, _, _) => changed.Set();
        var first = await bus.SubscribeAsync("first", Collect(one), new() { Filter = EventFilter.All, CheckpointEvery = 7 });
        var second = await bus.SubscribeAsync("second", Collect(two), new() { Filter = EventFilter.All, IsPartitioned = true, CheckpointEvery = 7 });
        var listener = await bus.SubscribeLiveRawAsync(EventFilter.All, (e, _) =>
        {
            live[e.Position.ToInt64()] = true;
            return Task.CompletedTask;
        });
        log.Left = operation;
        for (var i = 0; i < Events; i++) await AppendAsync(inner, $"s-{i}");
        await log.Thrown.UntilAsync(() => log.Left <= 0);
        for (var i = 0; i < Events; i++) await AppendAsync(inner, $"s-{i}");

        foreach (var subscription in new[] { first, second }) await ReachAsync<NotSupportedException>(subscription, 2 * Events);
        (one.Count, two.Count).Should().Be((2 * Events, 2 * Events));
        using var giveUp = new CancellationTokenSource(Signal.Patience);
        while (live.Count < 2 * Events && !listener.IsFaulted) await Task.Delay(1, giveUp.Token);
        if (listener.IsFaulted) listener.LastError.Should().BeOfType<NotSupportedException>();
    }

    // What has gone on reaches the head by itself; what is faulted says so and is resumed by hand.
    private static async Task ReachAsync<TFault>(Subscription subscription, long through) where TFault : Exception
    {
        while (true)
        {
            try
            {
                await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(through)).WaitAsync(Signal.Patience);
                return;
            }
            catch (TFault)
            {
                // The wait's own.
            }
            catch (SubscriptionException e)
            {
                e.InnerException.Should().BeOfType<TFault>();
                await subscription.ResumeAsync().WaitAsync(Signal.Patience);
            }
        }
    }

    /// <summary>The system's clock, some of whose calls throw.</summary>
    private sealed class FaultyClock : TimeProvider
    {
        private readonly Lock _lock = new();
        private Call _call;
        private int _before, _left;

        internal enum Call
        {
            Now,
            Timestamp,
            NewTimer,
            ChangeOfTimer,
            EndOfTimer,
        }

        /// <summary>Lets so many calls throw, from one of a number on.</summary>
        internal void Fail(Call call, int first, int times)
        {
            lock (_lock) (_call, _before, _left) = (call, first - 1, times);
        }

        internal void Heal()
        {
            lock (_lock) _left = 0;
        }

        private void Meet(Call call)
        {
            lock (_lock)
            {
                if (call != _call || _left == 0) return;
                if (_before > 0)
                {
                    _before--;
                    return;
                }

                _left--;
            }

            throw new FormatException("the clock's");
        }

        public override DateTimeOffset GetUtcNow()
        {
            Meet(Call.Now);
            return base.GetUtcNow();
        }

        public override long GetTimestamp()
        {
            Meet(Call.Timestamp);
            return base.GetTimestamp();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Meet(Call.NewTimer);
            var timer = base.CreateTimer(callback, state, dueTime, period);
            // The framework's own timers tick once, and an end that throws would end the process in its code.
            return period == Timeout.InfiniteTimeSpan ? timer : new FaultyTimer(this, timer);
        }

        private sealed class FaultyTimer(FaultyClock clock, ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                clock.Meet(Call.ChangeOfTimer);
                return timer.Change(dueTime, period);
            }

            public void Dispose()
            {
                timer.Dispose();
                clock.Meet(Call.EndOfTimer);
            }

            public async ValueTask DisposeAsync()
            {
                await timer.DisposeAsync();
                clock.Meet(Call.EndOfTimer);
            }
        }
    }

    [Test]
    public async Task Every_loop_continues_or_says_that_it_is_faulted_whichever_call_of_the_clock_throws(
        [Values(1, 2)] int call, [Range(1, 61, 6)] int first, [Values(1, 4)] int times) => await GoOnAsync((FaultyClock.Call)call, first, times);

    [Test]
    public async Task Every_loop_continues_or_says_that_it_is_faulted_when_a_timer_throws([Values(3, 4)] int call, [Range(1, 3)] int first, [Values(1, 4)] int times) =>
        await GoOnAsync((FaultyClock.Call)call, first, times);

    private static async Task GoOnAsync(FaultyClock.Call call, int first, int times)
    {
        await using var log = new InMemoryEventLog();
        var (clock, changed) = (new FaultyClock(), new Signal());
        var (one, two) = (new ConcurrentDictionary<long, bool>(), new ConcurrentDictionary<long, bool>());
        SubscriptionHandler Collect(ConcurrentDictionary<long, bool> seen) => SubscriptionHandler.RawEach((e, _, _) =>
        {
            seen[e.Position.ToInt64()] = true;
            return Task.CompletedTask;
        });
        var subscriber = new EventBus(new EventStore(log, EventTypeMap.Empty), new() { TimeProvider = clock, LeaseTimeout = TimeSpan.FromMilliseconds(300), Randomness = () => 0 });
        subscriber.StateChanged += (_, _, _) => changed.Set();
        // Begun and ended, so that the keeper's timer ends and begins too.
        for (var round = 0; round < 2; round++)
        {
            clock.Fail(call, first, times);
            var single = await StartAsync("single", one, isGroup: false);
            var group = await StartAsync("group", two, isGroup: true);
            for (var i = 0; i < Events; i++) await AppendAsync(log, $"s-{i}");
            foreach (var subscription in new[] { single, group }) await ReachAsync<FormatException>(subscription, (round + 1) * Events);
            await EndAsync(single);
            await EndAsync(group);
            (single.State, group.State).Should().Be((SubscriptionState.Stopped, SubscriptionState.Stopped));
            subscriber.Subscriptions.Should().BeEmpty();
            clock.Heal();
            var leases = await log.ReadRecordsAsync(RecordKind.Lease, "", null, 100, default);
            leases.Select(l => new Guid(l.Value.ToArray()[1..17])).Should().HaveCount(17).And.OnlyContain(owner => owner == Guid.Empty, "they were given back");
        }

        (one.Count, two.Count).Should().Be((2 * Events, 2 * Events));
        await subscriber.DisposeAsync().AsTask().WaitAsync(Signal.Patience);

        async Task<Subscription> StartAsync(string name, ConcurrentDictionary<long, bool> seen, bool isGroup)
        {
            while (true)
            {
                try
                {
                    return await subscriber.SubscribeAsync(name, Collect(seen), new() { IsPartitioned = isGroup, CheckpointEvery = 7, CheckpointAfter = TimeSpan.FromMilliseconds(20) });
                }
                catch (FormatException)
                {
                    // The caller's own.
                }
            }
        }

        async Task EndAsync(Subscription subscription)
        {
            try
            {
                await subscription.DisposeAsync().AsTask().WaitAsync(Signal.Patience);
            }
            catch (Exception e) when (e is FormatException or AggregateException)
            {
                // The bound of the wait cannot be had; the stop goes on.
                clock.Heal();
                await subscription.DisposeAsync().AsTask().WaitAsync(Signal.Patience);
            }
        }
    }

    [Test]
    public async Task Clock_and_randomness_that_throw_fault_a_subscription_and_end_nothing()
    {
        await using var inner = new InMemoryEventLog();
        var log = new FaultyLog(inner);
        var (isBroken, changed) = (false, new Signal());
        await using var subscriber = new EventBus(new EventStore(log, EventTypeMap.Empty), new() { Randomness = () => isBroken ? throw new FormatException("randomness") : 0 });
        subscriber.StateChanged += (_, _, _) => changed.Set();
        var good = await subscriber.SubscribeAsync("good", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask));
        var bad = await subscriber.SubscribeAsync("bad", SubscriptionHandler.RawEach((_, _, _) => isBroken ? throw new InvalidOperationException("handler") : Task.CompletedTask));
        await changed.UntilAsync(() => (good.State, bad.State) == (SubscriptionState.Live, SubscriptionState.Live));
        isBroken = true;
        await AppendAsync(inner, "s");
        await changed.UntilAsync(() => bad.State == SubscriptionState.Faulted);
        (await bad.GetStatusAsync()).LastError.Should().BeOfType<FormatException>();
        await good.WaitForPositionAsync(GlobalPosition.FromInt64(1)).WaitAsync(Signal.Patience);
        isBroken = false;
        await bad.ResumeAsync().WaitAsync(Signal.Patience);
        await changed.UntilAsync(() => bad.State == SubscriptionState.Live);
        await bad.WaitForPositionAsync(GlobalPosition.FromInt64(1)).WaitAsync(Signal.Patience);
    }

    private static ValueTask<AppendResult> AppendAsync(InMemoryEventLog log, StreamId stream) => log.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite(stream, ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) },
    }, default);
}
