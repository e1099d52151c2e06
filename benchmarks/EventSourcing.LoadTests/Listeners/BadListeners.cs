using EventSourcing.Storage;

namespace EventSourcing.LoadTests.Listeners;

/// <summary>What became of the listener that threw.</summary>
/// <param name="Parked">Events set aside.</param>
/// <param name="IsParkedRight">True when they are exactly those of the key, in order.</param>
/// <param name="Retried">How many were handled by the retry after the fix.</param>
internal sealed record BadReport(int Parked, bool IsParkedRight, int Retried);

/// <summary>Three listeners that do not do their work: one never comes back from its first event, one throws on a key, one awaits 10 ms per event.</summary>
internal sealed class BadListeners : IAsyncDisposable
{
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(10);

    private readonly StreamId _key;
    private readonly TaskCompletionSource _stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LiveSubscription _stopped = null!;
    private Subscription _throwing = null!, _slow = null!;
    private volatile bool _isFixed;

    private BadListeners(StreamId key) => _key = key;

    public Effects Effects { get; } = new();

    public static async Task<BadListeners> StartAsync(EventBus bus, EventQuery query, StreamId key, string name)
    {
        var bad = new BadListeners(key);
        bad._stopped = await bus.SubscribeLiveRawAsync(EventFilter.All, async (_, _) => await bad._stuck.Task);
        var parking = new SubscriptionOptions { Filter = query, OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.FromMilliseconds(1), Then = AfterRetries.Park } };
        bad._throwing = await bus.SubscribeAsync($"throwing {name}", SubscriptionHandler.RawEach((e, _, _) => bad.Handle(e).AsTask()), parking);
        bad._slow = await bus.SubscribeAsync($"slow {name}", SubscriptionHandler.RawEach(async (_, _, token) => await Task.Delay(s_slow, token)));
        return bad;
    }

    /// <summary>Waits until the throwing one is through, compares what it set aside with the key's events, mends it and retries.</summary>
    public async Task<BadReport> RepairAsync(EventStore store, GlobalPosition through)
    {
        await _throwing.WaitForPositionAsync(through);
        var parked = new List<long>();
        await foreach (var e in _throwing.ReadParkedAsync()) parked.Add(e.Event.Position.ToInt64());
        var expected = new List<long>();
        await foreach (var e in store.Log.ReadEventsAsync(new StreamRead(_key))) expected.Add(e.Position.ToInt64());

        _isFixed = true;
        return new(parked.Count, parked.SequenceEqual(expected), await _throwing.RetryAllAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _stuck.SetResult();
        await _stopped.DisposeAsync();
        await _throwing.DisposeAsync();
        await _slow.DisposeAsync();
    }

    private ValueTask Handle(in RecordedEvent e) =>
        !_isFixed && e.StreamId == _key ? throw new InvalidOperationException("This key is not handled yet.") : Effects.HandleAsync(e);
}
