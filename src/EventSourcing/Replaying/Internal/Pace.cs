namespace EventSourcing.Replaying;

/// <summary>Waits until events are due by their recorded times, counted from the first one. Used by one thread at a time.</summary>
internal sealed class Pace(TimeProvider time, double speed)
{
    // A timer takes at most 49 days.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(1);

    private DateTimeOffset? _first;
    private long _begun;

    internal async ValueTask WaitAsync(DateTimeOffset timestamp, CancellationToken cancellationToken)
    {
        if (_first is not { } first)
        {
            (_first, _begun) = (timestamp, time.GetTimestamp());
            return;
        }

        var ticks = (timestamp - first).Ticks / speed;
        var due = ticks < TimeSpan.MaxValue.Ticks ? new TimeSpan((long)ticks) : TimeSpan.MaxValue;
        for (var left = due - time.GetElapsedTime(_begun); left > TimeSpan.Zero; left = due - time.GetElapsedTime(_begun))
        {
            // Timers count whole milliseconds.
            var wait = left < s_longestWait ? TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)) : s_longestWait;
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
