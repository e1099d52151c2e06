using EventSourcing.Internal;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Ends the waits of a runner's loop from any thread. Stays set until the loop renews it, which it does before it looks for the reason.</summary>
/// <param name="time">The clock of delays.</param>
/// <param name="report">Called with the exceptions that callbacks of the log throw.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A source without timer or wait handle holds nothing that disposal would release.")]
internal sealed class WakeSignal(TimeProvider time, Action<Exception> report)
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _source = new();

    internal bool IsRequested => Volatile.Read(ref _source).IsCancellationRequested;

    internal CancellationToken Token => Volatile.Read(ref _source).Token;

    internal void Renew()
    {
        lock (_lock)
            if (_source.IsCancellationRequested) Volatile.Write(ref _source, new());
    }

    /// <summary>Wakes the loop; it may continue on this thread.</summary>
    internal void Request()
    {
        CancellationTokenSource source;
        lock (_lock) source = _source;
        source.CancelQuietly(report);
    }

    internal Task RequestAsync()
    {
        lock (_lock) return _source.CancelQuietlyAsync(report);
    }

    /// <summary>Waits for a delay or a wake-up.</summary>
    internal async ValueTask DelayAsync(TimeSpan delay)
    {
        if (delay != TimeSpan.Zero)
            await Task.Delay(delay, time, Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
