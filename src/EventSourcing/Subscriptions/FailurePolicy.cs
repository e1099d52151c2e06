namespace EventSourcing;

/// <summary>Retry policy for handler exceptions: retries with exponential backoff and jitter, then pauses the subscription or parks the event. Copied when a subscription starts; a later change has no effect on it.</summary>
/// <remarks>
/// The delay before attempt n + 1 is <see cref="Delay"/> doubled n - 1 times, at most <see cref="MaxDelay"/>, minus a random part of up to a half, so that subscriptions that failed together do not retry together.
/// An event that cannot be read (<see cref="EventSerializationException"/>) is not retried.
/// </remarks>
/// <example><c>new() { OnFailure = new() { MaxRetryAttempts = 5, Then = AfterRetries.Park } }</c></example>
public sealed class FailurePolicy
{
    /// <summary>How many times an event is retried after the first attempt. Default 5; from 0 to 1,000.</summary>
    public int MaxRetryAttempts { get; set; } = 5;

    /// <summary>The delay before the first retry. Default 100 ms; from 0 to 1 hour.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest delay between two attempts. Default 30 s; from 0 to 1 day.</summary>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Decides for an exception of the handler whether the event is retried; false goes straight to <see cref="Then"/>. Default null: every exception is retried.</summary>
    /// <remarks>Called by the subscription, not by several threads at once for one partition. When it throws, the event is not retried; both exceptions are reported as one <see cref="AggregateException"/>.</remarks>
    public Func<Exception, bool>? ShouldRetry { get; set; }

    /// <summary>What happens when no retry is left. Default: <see cref="AfterRetries.Pause"/>.</summary>
    public AfterRetries Then { get; set; } = AfterRetries.Pause;

    /// <summary>The delay before the next attempt.</summary>
    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="random">From 0, inclusive, to 1, exclusive.</param>
    internal TimeSpan DelayAfter(int attempt, double random)
    {
        var full = Math.Min(Delay.Ticks * Math.Pow(2, Math.Min(attempt - 1, 40)), MaxDelay.Ticks);
        return TimeSpan.FromTicks((long)(full * (1 - (random / 2))));
    }

    /// <summary>A copy whose values are in their ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal FailurePolicy Validated()
    {
        var copy = (FailurePolicy)MemberwiseClone();
        if (copy.MaxRetryAttempts is < 0 or > 1000) throw new ArgumentOutOfRangeException(nameof(MaxRetryAttempts), copy.MaxRetryAttempts, "MaxRetryAttempts must be from 0 to 1,000.");
        if (copy.Delay < TimeSpan.Zero || copy.Delay > TimeSpan.FromHours(1)) throw new ArgumentOutOfRangeException(nameof(Delay), copy.Delay, "Delay must be from 0 to 1 hour.");
        if (copy.MaxDelay < TimeSpan.Zero || copy.MaxDelay > TimeSpan.FromDays(1)) throw new ArgumentOutOfRangeException(nameof(MaxDelay), copy.MaxDelay, "MaxDelay must be from 0 to 1 day.");
        if (!Enum.IsDefined(copy.Then)) throw new ArgumentOutOfRangeException(nameof(Then), copy.Then, "Then must be Pause or Park.");
        return copy;
    }
}
