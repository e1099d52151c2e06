using EventSourcing.Internal;

namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>Knows how far the subscriptions of one subscriber are behind. Reads nothing while it is asked: what it has to read it reads afterwards, for the next time.</summary>
/// <param name="subscriber">The subscriber.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A source without timer or wait handle holds nothing that disposal would release.")]
internal sealed class LagWatch(Subscriber subscriber)
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private Task _reading = Task.CompletedTask;
    private long? _begunAt;

    /// <summary>Tells how far each is behind that is active, paused or faulted in this process.</summary>
    internal void Observe(List<SubscriptionLag> lags)
    {
        var now = subscriber.Options.TimeProvider.GetUtcNow();
        foreach (var subscription in subscriber.Subscriptions)
            if (subscription.Lag(now) is { } lag) lags.Add(lag);
        Read();
    }

    /// <summary>Ends the reading. Never fails.</summary>
    internal async ValueTask CloseAsync()
    {
        _closing.CancelQuietly(static _ => { });
        Task reading;
        lock (_lock) reading = _reading;
        await reading.ConfigureAwait(false);
    }

    private void Read()
    {
        var time = subscriber.Options.TimeProvider;
        lock (_lock)
        {
            if (!_reading.IsCompleted || _closing.IsCancellationRequested || (_begunAt is { } begun && time.GetElapsedTime(begun) < s_shortest)) return;
            _begunAt = time.GetTimestamp();
            _reading = Uncaptured.Run(ReadAsync);
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            subscriber.Pages.Head = (await subscriber.Store.GetHeadAsync(_closing.Token).ConfigureAwait(false)).ToInt64();
            foreach (var subscription in subscriber.Subscriptions) await subscription.ReadNextAsync(_closing.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Trouble with the log is told by those who need it to go on. The gauges show what was known before.
        }
    }
}
