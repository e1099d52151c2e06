using System.Collections.Concurrent;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LeaseTests : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(6);
    private readonly CountingLog _log = new(new InMemoryEventLog());

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    private EventBus On(TimeProvider clock, double random = 0)
    {
        var bus = new EventBus(new EventStore(_log, EventTypeMap.Empty), new() { TimeProvider = clock, LeaseTimeout = s_timeout, Randomness = () => random });
        bus.StateChanged += (_, _, _) => _log.Changed.Set();
        return bus;
    }

    /// <summary>Moves the clock on to the next round of a process and waits until it is over.</summary>
    private static Task RenewAsync(FakeTimeProvider clock, EventBus bus) => RenewAsync(clock, bus.Host.Leases, s_timeout / 3);

    private static async Task RenewAsync(FakeTimeProvider clock, LeaseKeeper keeper, TimeSpan step)
    {
        var before = keeper.Rounds;
        clock.Advance(step);
        await AfterRoundAsync(keeper, before);
    }

    private static async Task AfterRoundAsync(LeaseKeeper keeper, long before)
    {
        using var patience = new CancellationTokenSource(Signal.Patience);
        while (keeper.Rounds == before)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private Task<AppendResult> AppendAsync(StreamId stream) => _log.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite(stream, ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) },
    }, default).AsTask();

    private Task UntilAsync(Func<bool> condition) => _log.Changed.UntilAsync(condition);

    private Task UntilAsync(Func<Task<bool>> condition) => _log.Changed.UntilAsync(condition);

    private static SubscriptionHandler Collect(ConcurrentQueue<long> seen) => SubscriptionHandler.RawEach((e, _, _) =>
    {
        seen.Enqueue(e.Position.ToInt64());
        return Task.CompletedTask;
    });

    [Test]
    public async Task Runner_that_shows_no_life_is_replaced_after_the_timeout_and_its_checkpoint_is_refused()
    {
        // The frozen one's clock stands still: it renews nothing, and believes in its lease.
        var (frozen, clock) = (new FakeTimeProvider(), new FakeTimeProvider());
        var stuck = new TaskCompletionSource();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (epochs, effects, second) = (new ConcurrentQueue<long>(), new ConcurrentQueue<long>(), new ConcurrentQueue<long>());
        await using var one = On(frozen);
        await using var two = On(clock);
        var handler = SubscriptionHandler.RawEach(async (e, delivery, _) =>
        {
            epochs.Enqueue(delivery.FencingToken);
            entered.TrySetResult();
            await stuck.Task;
            delivery.Enlist<InMemoryTransaction>(_ => effects.Enqueue(delivery.FencingToken));
        });
        await AppendAsync("s");
        var first = await one.SubscribeAsync("name", handler);
        await entered.Task;
        var contender = await two.SubscribeAsync("name", Collect(second));
        await UntilAsync(async () => (await contender.GetStatusAsync()).LeaseOwner == one.Owner);
        for (var i = 0; i < 2; i++) await RenewAsync(clock, two);
        Assert.That(contender.State, Is.EqualTo(SubscriptionState.Standby), "not before the timeout");
        while (second.IsEmpty) await RenewAsync(clock, two);
        await contender.WaitForPositionAsync(GlobalPosition.FromInt64(1)).WaitAsync(Signal.Patience);
        stuck.SetResult();
        await UntilAsync(() => first.State == SubscriptionState.Standby);
        Assert.That(second, Is.EqualTo(new long[] { 1 }));
        Assert.That((await first.GetStatusAsync()).LastError, Is.InstanceOf<LeaseLostException>());
        Assert.That(effects, Is.Empty, "the late effect was refused");
        Assert.That(epochs, Is.EqualTo(new long[] { 1 }));
    }

    [Test]
    public async Task Parked_events_of_a_replaced_runner_are_refused_with_its_checkpoint()
    {
        var (frozen, clock) = (new FakeTimeProvider(), new FakeTimeProvider());
        var stuck = new TaskCompletionSource();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var second = new ConcurrentQueue<long>();
        await using var one = On(frozen);
        await using var two = On(clock);
        var handler = SubscriptionHandler.RawEach(async (e, _, _) =>
        {
            if (e.StreamId == "s-1") throw new InvalidOperationException("broken");
            entered.TrySetResult();
            await stuck.Task;
        });
        await AppendAsync("s-1");
        for (var i = 0; i < 2; i++) await AppendAsync("s-2");
        var first = await one.SubscribeAsync("name", handler, new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await entered.Task;
        Assert.That((await first.GetStatusAsync()).Parked, Is.EqualTo(1));
        var contender = await two.SubscribeAsync("name", Collect(second));
        while (second.Count < 3) await RenewAsync(clock, two);
        await contender.WaitForPositionAsync(GlobalPosition.FromInt64(3)).WaitAsync(Signal.Patience);
        stuck.SetResult();
        await UntilAsync(() => first.State == SubscriptionState.Standby);
        Assert.That(second, Is.EqualTo(new long[] { 1, 2, 3 }));
        Assert.That(await _log.ReadRecordsAsync(RecordKind.Parked, "", null, 10, default), Is.Empty, "what the late one had set aside");
        Assert.That(((await first.GetStatusAsync()).Parked, (await contender.GetStatusAsync()).Parked), Is.EqualTo((0L, 0L)));
    }

    [Test]
    public async Task All_leases_are_renewed_by_one_write_per_interval_and_nothing_else_happens_while_idle()
    {
        var clock = new FakeTimeProvider();
        await using var bus = On(clock);
        await AppendAsync("s");
        var subscriptions = new List<Subscription>();
        for (var i = 0; i < 7; i++) subscriptions.Add(await bus.SubscribeAsync($"name-{i}", Collect([])));
        foreach (var subscription in subscriptions)
            await UntilAsync(() => subscription.State == SubscriptionState.Live);
        // The checkpoints of the first event are written when nothing comes; who then waits has nothing left to do.
        while (!await CheckpointsAreWritten()) await RenewAsync(clock, bus);
        await UntilAsync(() => _log.Waiting == subscriptions.Count);
        var (writes, reads) = (_log.Writes, _log.Reads);
        for (var i = 1; i <= 10; i++) await RenewAsync(clock, bus);
        Assert.That((_log.Writes - writes, _log.Reads - reads), Is.EqualTo((10L, 0L)));

        async Task<bool> CheckpointsAreWritten() =>
            (await _log.ReadRecordsAsync(RecordKind.Checkpoint, "", null, 10, default)).All(r => r.Revision == 2);
    }

    [Test]
    public async Task Retries_wait_twice_as_long_each_time_with_a_random_part_left_out()
    {
        var clock = new TimerClock(_log.Changed);
        await using var bus = On(clock, random: 0.5);
        await AppendAsync("s");
        var attempts = new ConcurrentQueue<DateTimeOffset>();
        var subscription = await bus.SubscribeAsync("name", SubscriptionHandler.RawEach((_, _, _) =>
        {
            attempts.Enqueue(clock.GetUtcNow());
            throw new InvalidOperationException("always");
        }), new() { OnFailure = new() { MaxRetryAttempts = 3, Delay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(3) } });
        // 0.75 of 1, 2 and the longest of 3 seconds. The clock stands still while an attempt is made.
        double[] expected = [0.75, 1.5, 2.25];
        foreach (var seconds in expected)
        {
            var delay = TimeSpan.FromSeconds(seconds);
            await UntilAsync(() => clock.Began(delay));
            clock.Advance(delay);
        }

        await UntilAsync(() => subscription.State == SubscriptionState.Paused);
        var times = attempts.ToArray();
        Assert.That(times.Zip(times.Skip(1), (a, b) => (b - a).TotalSeconds), Is.EqualTo(expected));
    }

    /// <summary>Says which waits have begun.</summary>
    private sealed class TimerClock(Signal changed) : FakeTimeProvider
    {
        private readonly ConcurrentQueue<TimeSpan> _began = new();

        internal bool Began(TimeSpan wait) => _began.Contains(wait);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _began.Enqueue(dueTime);
            changed.Set();
            return timer;
        }
    }

    [Test]
    public async Task Member_that_leaves_a_group_is_not_entered_again_by_a_renewal_under_way()
    {
        var clock = new FakeTimeProvider();
        await using var bus = On(clock);
        var group = await bus.SubscribeAsync("group", Collect(new()), new() { IsPartitioned = true });
        await UntilAsync(() => group.ActivePartitions == 16);
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously), turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _log.BeforeNextWrite = () =>
        {
            held.SetResult();
            return turn.Task;
        };
        clock.Advance(s_timeout / 3);
        await held.Task.WaitAsync(Signal.Patience);
        await group.DisposeAsync();
        var before = bus.Host.Leases.Rounds;
        turn.SetResult();
        await AfterRoundAsync(bus.Host.Leases, before);
        Assert.That(await _log.ReadRecordsAsync(RecordKind.Lease, "group/member/", "group/member/~", 10, default), Is.Empty);
    }

    [Test]
    public async Task Lease_of_a_killed_process_is_taken_over_after_the_timeout_and_shown_as_silent_before()
    {
        // The killed one renews nothing any more: its clock stands still.
        var (killed, clock) = (new FakeTimeProvider(), new FakeTimeProvider());
        await using var one = On(killed);
        await using var two = On(clock);
        var first = await one.SubscribeAsync("name", Collect([]));
        await UntilAsync(() => first.State == SubscriptionState.Live);
        Assert.That((await first.GetStatusAsync()).LeaseOwner, Is.EqualTo(one.Owner));
        var contender = await two.SubscribeAsync("name", Collect([]));
        await UntilAsync(async () => (await contender.GetStatusAsync()).LeaseOwner == one.Owner);
        await RenewAsync(clock, two);
        await RenewAsync(clock, two);
        var status = await contender.GetStatusAsync();
        Assert.That((status.State, status.LeaseOwner, status.LeaseSilence), Is.EqualTo((SubscriptionState.Standby, (Guid?)one.Owner, (TimeSpan?)(s_timeout * 2 / 3))));
        // The next renewal is due at the timeout, when the lease has not yet been silent for so long by a thousandth of a second.
        clock.Advance(s_timeout / 3 + TimeSpan.FromMilliseconds(1));
        await UntilAsync(() => contender.State == SubscriptionState.Live);
        status = await contender.GetStatusAsync();
        Assert.That((status.LeaseOwner, status.LeaseSilence), Is.EqualTo(((Guid?)two.Owner, (TimeSpan?)null)));
    }

    [Test]
    public async Task Lease_that_was_read_between_two_renewals_is_taken_over_between_two_renewals()
    {
        var (killed, clock) = (new FakeTimeProvider(), new FakeTimeProvider());
        await using var one = On(killed);
        await using var two = On(clock);
        var first = await one.SubscribeAsync("name", Collect([]));
        await UntilAsync(() => first.State == SubscriptionState.Live);
        // Another subscription has set the rhythm of the second process a second before it looks at the lease.
        var other = await two.SubscribeAsync("other", Collect([]));
        await UntilAsync(() => other.State == SubscriptionState.Live);
        clock.Advance(TimeSpan.FromSeconds(1));
        var contender = await two.SubscribeAsync("name", Collect([]));
        await UntilAsync(async () => (await contender.GetStatusAsync()).LeaseOwner == one.Owner);
        foreach (var seconds in new[] { 1, 2, 2 }) await RenewAsync(clock, two.Host.Leases, TimeSpan.FromSeconds(seconds));

        Assert.That(contender.State, Is.EqualTo(SubscriptionState.Standby), "5 s are not the timeout");
        clock.Advance(TimeSpan.FromMilliseconds(1001));
        await UntilAsync(() => contender.State == SubscriptionState.Live);
    }

    [Test]
    public async Task Claim_in_the_same_process_waits_until_the_lease_is_released()
    {
        await using var keeper = new LeaseKeeper(_log, new FakeTimeProvider(), s_timeout);
        var key = new PartitionId("name", 0, 1);
        var first = await keeper.AcquireAsync(key, _ => { }, default).WaitAsync(Signal.Patience);
        using var giveUp = new CancellationTokenSource();
        var cancelled = keeper.AcquireAsync(key, _ => { }, giveUp.Token);
        var second = keeper.AcquireAsync(key, _ => { }, default);
        await giveUp.CancelAsync();
        Assert.That(async () => await cancelled.WaitAsync(Signal.Patience), Throws.InstanceOf<OperationCanceledException>());
        Assert.That((first.IsHeld, second.IsCompleted), Is.EqualTo((true, false)));
        await keeper.ReleaseAsync(first);
        Assert.That((await second.WaitAsync(Signal.Patience)).Epoch, Is.EqualTo(2L));
    }

    [Test]
    public async Task Claim_that_is_given_up_before_its_answer_leaves_the_next_claim_alone([Values] bool isGroup)
    {
        var clock = new FakeTimeProvider();
        await using var keeper = new LeaseKeeper(_log, clock, s_timeout);
        TaskCompletionSource granted = new(TaskCreationOptions.RunContinuationsAsynchronously), answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _log.AfterNextWrite = () =>
        {
            granted.SetResult();
            return answer.Task;
        };
        var key = new PartitionId("name", 0, isGroup ? PartitionId.PartitionCount : 1);
        using var giveUp = new CancellationTokenSource();
        var first = keeper.AcquireAsync(key, _ => { }, giveUp.Token);
        await granted.Task.WaitAsync(Signal.Patience);
        await giveUp.CancelAsync();
        Assert.That(async () => await first.WaitAsync(Signal.Patience), Throws.InstanceOf<OperationCanceledException>());
        var second = keeper.AcquireAsync(key, _ => { }, default);
        answer.SetResult();
        while (!second.IsCompleted)
        {
            await RenewAsync(clock, keeper, s_timeout / 3);
            await Task.Yield();
        }

        var lease = await second;
        Assert.That((lease.IsHeld, lease.Epoch), Is.EqualTo((true, 2L)), "what came too late was given back");
        await keeper.ReleaseAsync(lease);
    }
}
