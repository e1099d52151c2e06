namespace EventSourcing;

/// <summary>What happens when a handler throws: the event is tried again after growing delays, then set aside or waited at.</summary>
/// <remarks>
/// The delay before attempt n + 1 is <see cref="FirstDelay"/> doubled n - 1 times, at most <see cref="MaxDelay"/>, of which a random part of
/// up to a half is left out, so that runners that failed together do not try again together. An event that cannot be read is not
/// tried again: it would not read better.
/// </remarks>
public sealed class FailurePolicy
{
    private FailurePolicy(int times, bool parks) => (Times, Parks) = (times, parks);

    /// <summary>How often an event is tried again after the first attempt.</summary>
    public int Times { get; }

    /// <summary>True when the event is set aside in the end; false when the subscription pauses.</summary>
    public bool Parks { get; }

    /// <summary>The delay before the second attempt. Default 100 ms; from 0 to 1 hour.</summary>
    public TimeSpan FirstDelay { get; private init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest delay between two attempts. Default 30 s; from 0 to 1 day.</summary>
    public TimeSpan MaxDelay { get; private init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tries again, then pauses the subscription before the event, until it is resumed.</summary>
    /// <param name="times">How often it is tried again, from 0 to 1,000; default 5.</param>
    /// <param name="firstDelay">See <see cref="FirstDelay"/>; null for its default.</param>
    /// <param name="maxDelay">See <see cref="MaxDelay"/>; null for its default.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static FailurePolicy RetryThenPause(int times = 5, TimeSpan? firstDelay = null, TimeSpan? maxDelay = null) => Create(times, parks: false, firstDelay, maxDelay);

    /// <summary>Tries again, then sets the event aside, and with it every later event of the same key, until they are retried or discarded. Other keys flow on. It is stored with the next checkpoint, at the latest one second later once the handler at work has returned; if the process dies before, the event comes again.</summary>
    /// <param name="times">How often it is tried again, from 0 to 1,000; default 5.</param>
    /// <param name="firstDelay">See <see cref="FirstDelay"/>; null for its default.</param>
    /// <param name="maxDelay">See <see cref="MaxDelay"/>; null for its default.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static FailurePolicy RetryThenPark(int times = 5, TimeSpan? firstDelay = null, TimeSpan? maxDelay = null) => Create(times, parks: true, firstDelay, maxDelay);

    /// <summary>The delay before the next attempt.</summary>
    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="random">From 0, inclusive, to 1, exclusive.</param>
    internal TimeSpan DelayAfter(int attempt, double random)
    {
        var full = Math.Min(FirstDelay.Ticks * Math.Pow(2, Math.Min(attempt - 1, 40)), MaxDelay.Ticks);
        return TimeSpan.FromTicks((long)(full * (1 - (random / 2))));
    }

    private static FailurePolicy Create(int times, bool parks, TimeSpan? firstDelay, TimeSpan? maxDelay)
    {
        if (times is < 0 or > 1000) throw new ArgumentOutOfRangeException(nameof(times), times, "An event is tried again 0 to 1,000 times.");
        if (firstDelay is { } first && (first < TimeSpan.Zero || first > TimeSpan.FromHours(1)))
            throw new ArgumentOutOfRangeException(nameof(firstDelay), first, "The first delay is from 0 to 1 hour.");
        if (maxDelay is { } max && (max < TimeSpan.Zero || max > TimeSpan.FromDays(1)))
            throw new ArgumentOutOfRangeException(nameof(maxDelay), max, "The longest delay is from 0 to 1 day.");
        var policy = new FailurePolicy(times, parks);
        return new(times, parks) { FirstDelay = firstDelay ?? policy.FirstDelay, MaxDelay = maxDelay ?? policy.MaxDelay };
    }
}
