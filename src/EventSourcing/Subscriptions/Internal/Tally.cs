namespace EventSourcing.Subscriptions.Internal;

/// <summary>What a runner has done and what went wrong, for its status. Written by the runner only, read from anywhere.</summary>
internal sealed class Tally(TimeProvider time)
{
    private long _handled, _failures;
    private volatile Trouble? _last;

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

    internal void Add(int handled) => Volatile.Write(ref _handled, _handled + handled);

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

    private sealed record Trouble(Exception Error, DateTimeOffset? At);
}
