namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>The counters and the last error of a runner, for its status. Counters are written by the runner only; every member may be read by any thread.</summary>
internal sealed class RunnerStatistics(string subscription, TimeProvider time)
{
    private long _handled, _failures, _begun;
    private volatile FailureState? _last;

    internal RateMeter Rate { get; } = new(time);

    internal long Handled => Volatile.Read(ref _handled);

    internal long Failures => Volatile.Read(ref _failures);

    /// <summary>The last error. The setter never throws: it is called where failures are handled.</summary>
    internal Exception? LastError
    {
        get => _last?.Error;
        set => _last = value is null ? null : new(value, Now());
    }

    internal DateTimeOffset? LastErrorAt => _last?.At;

    /// <summary>When the log stored the event that was delivered last, in ticks; 0 when no event is left to deliver, or none was delivered yet.</summary>
    internal long Begun
    {
        get => Volatile.Read(ref _begun);
        set => Volatile.Write(ref _begun, value);
    }

    internal void AddHandled(int handled)
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

    // An error that the clock itself threw has no time.
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
