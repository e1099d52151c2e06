using EventSourcing.Internal;

namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>Knows how far the subscriptions of one bus are behind. Reads nothing while it is asked: what it has to read it reads afterwards, for the next time.</summary>
/// <param name="time">The bus's clock.</param>
/// <param name="observe">Adds how far each subscription is behind that is active, paused or faulted in this process, from what is known.</param>
/// <param name="readAsync">Reads from the log what <paramref name="observe"/> needs.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A source without timer or wait handle holds nothing that disposal would release.")]
internal sealed class LagWatch(TimeProvider time, Action<DateTimeOffset, List<SubscriptionLag>> observe, Func<CancellationToken, Task> readAsync)
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private Task _reading = Task.CompletedTask;
    private long? _begunAt;

    /// <summary>Tells how far each is behind that is active, paused or faulted in this process.</summary>
    internal void Observe(List<SubscriptionLag> lags)
    {
        observe(time.GetUtcNow(), lags);
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
            await readAsync(_closing.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // A failure of the log is reported by the loops that need the log. The gauges keep the last values.
        }
    }
}
