using EventSourcing.Internal;

namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>Measures the lag of the subscriptions of one bus. A measurement uses values in memory; missing values are read from the log afterwards, for the next measurement.</summary>
/// <param name="time">The bus's clock.</param>
/// <param name="observe">Adds the lag of each subscription that is active, paused or faulted in this process, from values in memory.</param>
/// <param name="readAsync">Reads the values that <paramref name="observe"/> needs from the log.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A source without timer or wait handle holds nothing that disposal would release.")]
internal sealed class LagWatch(TimeProvider time, Action<DateTimeOffset, List<SubscriptionLag>> observe, Func<CancellationToken, Task> readAsync)
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private Task _reading = Task.CompletedTask;
    private long? _begunAt;

    /// <summary>Adds the lag of each subscription that is active, paused or faulted in this process.</summary>
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
