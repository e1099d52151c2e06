namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>What a runner has done and what went wrong, for its status. Written by the runner only, read from anywhere.</summary>
internal sealed class RunnerStatistics(string subscription, TimeProvider time)
{
    private long _handled, _failures, _begun;
    private volatile FailureState? _last;

    internal RateMeter Rate { get; } = new(time);

    internal long Handled => Volatile.Read(ref _handled);

    internal long Failures => Volatile.Read(ref _failures);

    /// <summary>Setting it never fails: that is done where failures are handled, and by loops that serve others.</summary>
    internal Exception? LastError
    {
        get => _last?.Error;
        set => _last = value is null ? null : new(value, Now());
    }

    internal DateTimeOffset? LastErrorAt => _last?.At;

    /// <summary>When the log stored the event that was handed out last, in ticks; 0 where nothing is left to hand out, or nothing was yet.</summary>
    internal long Begun
    {
        get => Volatile.Read(ref _begun);
        set => Volatile.Write(ref _begun, value);
    }

    internal void Add(int handled)
    {
        Volatile.Write(ref _handled, _handled + handled);
        SubscriptionMetrics.Handled(subscription, handled);
    }

    /// <summary>An attempt failed.</summary>
    internal void Fail(Exception error)
    {
        LastError = error;
        Volatile.Write(ref _failures, _failures + 1);
    }

    // What is told when the clock throws has no time.
    private DateTimeOffset? Now()
    {
        try
        {
            return time.GetUtcNow();
        }
        catch (Exception)
        {
            return null;
        }
    }

    private sealed record FailureState(Exception Error, DateTimeOffset? At);
}
