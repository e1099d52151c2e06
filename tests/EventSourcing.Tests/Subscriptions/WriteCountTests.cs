using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>How many calls of the log subscriptions make: over a network each is a round trip.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WriteCountTests : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(6);

    private readonly List<LogWrite> _writes = [];
    private readonly CountingLog _log;
    private readonly FakeTimeProvider _clock = new();

    public WriteCountTests() => _log = new(new InMemoryEventLog())
    {
        Written = write =>
        {
            lock (_writes) _writes.Add(write);
        },
    };

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    private EventBus NewSubscriber()
    {
        var bus = new EventBus(new EventStore(_log, EventTypeMap.Empty), new() { TimeProvider = _clock, LeaseTimeout = s_timeout, Randomness = () => 0 });
        bus.StateChanged += (_, _, _) => _log.Changed.Set();
        return bus;
    }

    private LogWrite[] Of(RecordKind kind)
    {
        lock (_writes) return [.. _writes.Where(w => w.Changes.Any(c => c.Kind == kind))];
    }

    private async Task AppendAsync(int count, Func<int, string> stream)
    {
        for (var i = 0; i < count; i++)
            await _log.AppendAsync(new() { Writes = new[] { new StreamWrite(stream(i), ExpectedVersion.Any, new LogEvent[] { new() { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) } }, default);
    }

    private static SubscriptionHandler Throws => SubscriptionHandler.RawEach((_, _, _) => throw new InvalidOperationException("broken"));

    [Test]
    public async Task A_checkpoint_with_100_parked_events_is_one_write()
    {
        await AppendAsync(100, i => $"s-{i}");
        await using var bus = NewSubscriber();
        var subscription = await bus.SubscribeAsync("s", Throws, new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(100)).WaitAsync(Signal.Patience);

        var write = Of(RecordKind.Parked).Should().ContainSingle().Which;
        write.Changes.Select(c => c.Kind).Should().Equal([.. Enumerable.Repeat(RecordKind.Parked, 100), RecordKind.Checkpoint]);
        write.Requirements.Should().ContainSingle().Which.Kind.Should().Be(RecordKind.Lease);
    }

    [Test]
    public async Task A_start_is_one_write([Values] bool isGroup)
    {
        await using var bus = NewSubscriber();
        await bus.SubscribeAsync("s", Throws, new() { IsPartitioned = isGroup });
        Of(RecordKind.Checkpoint).Should().ContainSingle().Which.Changes.Should().HaveCount(isGroup ? 16 : 1);
        await bus.DisposeAsync();
        await using var again = NewSubscriber();
        await again.SubscribeAsync("s", Throws, new() { IsPartitioned = isGroup });
        Of(RecordKind.Checkpoint).Should().ContainSingle("one that is resumed writes nothing");
    }

    [Test]
    public async Task A_round_of_leases_for_16_partitions_is_one_read_and_one_write()
    {
        await using var bus = NewSubscriber();
        var group = await bus.SubscribeAsync("s", Throws, new() { IsPartitioned = true });
        await _log.Changed.UntilAsync(() => group.ActivePartitions == 16);
        await _log.Changed.UntilAsync(() => _log.Waiting > 0);
        var leases = bus.Host.Leases;
        await SpinAsync(() => leases.Rounds > 0);
        for (var round = 0; round < 3; round++)
        {
            var (reads, writes, rounds) = (_log.RecordReads, _log.Writes, leases.Rounds);
            _clock.Advance(s_timeout / 3);
            await SpinAsync(() => leases.Rounds > rounds);
            (_log.RecordReads - reads, _log.Writes - writes).Should().Be((1L, 1L));
            _writes[^1].Changes.Should().HaveCount(17).And.OnlyContain(c => c.IsSkippable && c.IfRevision != null);
        }
    }

    [Test]
    public async Task A_round_for_leases_that_others_hold_writes_nothing()
    {
        await using var one = NewSubscriber();
        var first = await one.SubscribeAsync("s", Throws);
        await _log.Changed.UntilAsync(() => first.State == SubscriptionState.Live);
        await using var two = NewSubscriber();
        await two.SubscribeAsync("s", Throws);
        await SpinAsync(() => two.Host.Leases.Rounds > 0);
        var (writes, rounds) = (_log.Writes, (one.Host.Leases.Rounds, two.Host.Leases.Rounds));
        _clock.Advance(s_timeout / 3);
        await SpinAsync(() => one.Host.Leases.Rounds > rounds.Item1 && two.Host.Leases.Rounds > rounds.Item2);
        (_log.Writes - writes).Should().Be(1);
    }

    [Test]
    public async Task A_retry_of_all_keys_reads_each_parked_event_once([Values(50, 200)] int keys)
    {
        await AppendAsync(keys * 2, i => $"s-{i % keys}");
        var isBroken = true;
        await using var bus = NewSubscriber();
        var subscription = await bus.SubscribeAsync("s", SubscriptionHandler.RawEach((_, _, _) => isBroken ? throw new InvalidOperationException("broken") : Task.CompletedTask), new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(keys * 2)).WaitAsync(Signal.Patience);
        isBroken = false;
        var before = _log.RecordsRead;
        (await subscription.RetryAllAsync().WaitAsync(Signal.Patience)).Should().Be(keys * 2);
        (_log.RecordsRead - before).Should().Be(keys * 2);
        (await subscription.GetStatusAsync()).Parked.Should().Be(0);
    }

    [Test]
    public async Task A_discard_of_300_events_is_two_writes()
    {
        await AppendAsync(300, _ => "s");
        await using var bus = NewSubscriber();
        var subscription = await bus.SubscribeAsync("s", Throws, new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(300)).WaitAsync(Signal.Patience);
        var before = _log.Writes;
        (await subscription.DiscardAsync("s").WaitAsync(Signal.Patience)).Should().Be(300);
        (_log.Writes - before).Should().Be(2);
    }

    private static async Task SpinAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Signal.Patience);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
