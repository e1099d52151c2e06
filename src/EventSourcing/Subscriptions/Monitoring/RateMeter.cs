namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>Events per second over the last one to two spans of five seconds.</summary>
internal sealed class RateMeter(TimeProvider time)
{
    private static readonly TimeSpan s_span = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private long _began = time.GetTimestamp();
    private long _count, _previous;
    private TimeSpan _previousSpan;

    internal void Add(int count)
    {
        lock (_lock)
        {
            Roll();
            _count += count;
        }
    }

    internal double PerSecond
    {
        get
        {
            lock (_lock)
            {
                Roll();
                var span = time.GetElapsedTime(_began) + _previousSpan;
                return span <= TimeSpan.Zero ? 0 : (_count + _previous) / span.TotalSeconds;
            }
        }
    }

    private void Roll()
    {
        var elapsed = time.GetElapsedTime(_began);
        if (elapsed < s_span) return;
        // After a pause of more than a span, the count before it does not describe the present rate.
        (_previous, _previousSpan) = elapsed < s_span * 2 ? (_count, elapsed) : (0, s_span);
        (_count, _began) = (0, time.GetTimestamp());
    }
}
