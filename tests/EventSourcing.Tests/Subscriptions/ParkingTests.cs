using System.Collections.Concurrent;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>How long events that are set aside wait for the checkpoint.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ParkingTests : IAsyncDisposable
{
    private readonly InMemoryEventLog _log = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly EventBus _subscriber;

    public ParkingTests() => _subscriber = new(new EventStore(_log, EventTypeMap.Empty), new() { TimeProvider = _clock, LeaseTimeout = TimeSpan.FromHours(1) });

    public async ValueTask DisposeAsync()
    {
        await _subscriber.DisposeAsync();
        await _log.DisposeAsync();
    }

    private async Task AppendAsync(StreamId stream, int bytes)
    {
        var write = new StreamWrite(stream, ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = new byte[bytes] } });
        await _log.AppendAsync(new() { Writes = new[] { write } }, default);
    }

    private async Task<(long Position, int Stored)[]> StoredAtEachAsync(TimeSpan perEvent, int last)
    {
        var stored = new ConcurrentQueue<(long, int)>();
        var handler = SubscriptionHandler.RawEach(async (e, _, _) =>
        {
            if (e.StreamId == "broken") throw new InvalidOperationException("broken");
            stored.Enqueue((e.Position.ToInt64(), (await _log.ReadRecordsAsync(RecordKind.Parked, "", null, 10, default)).Count));
            _clock.Advance(perEvent);
        });
        var subscription = await _subscriber.SubscribeAsync("parking", handler, new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(last)).WaitAsync(Signal.Patience);
        return [.. stored];
    }

    [Test]
    public async Task Parked_event_is_written_within_a_second_of_slow_handlers()
    {
        await AppendAsync("broken", 1);
        for (var i = 0; i < 5; i++) await AppendAsync("s", 1);
        var stored = await StoredAtEachAsync(TimeSpan.FromMilliseconds(400), last: 6);
        Assert.That(stored, Is.EqualTo(new[] { (2L, 0), (3L, 0), (4L, 0), (5L, 1), (6L, 1) }));
    }

    [Test]
    public async Task Parked_events_are_written_when_they_are_large()
    {
        for (var i = 0; i < 3; i++) await AppendAsync("broken", 400_000);
        await AppendAsync("s", 1);
        Assert.That(await StoredAtEachAsync(TimeSpan.Zero, last: 4), Is.EqualTo(new[] { (4L, 3) }));
    }
}
