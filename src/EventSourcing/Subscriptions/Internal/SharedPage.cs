using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>A page of the log that is disposed when the last of its holders has released it. Whoever makes it holds it.</summary>
internal sealed class SharedPage(long from)
{
    private readonly TaskCompletionSource _read = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _holders = 1;

    internal long From { get; } = from;

    /// <summary>Completes when the page was read, or could not be.</summary>
    internal Task IsRead => _read.Task;

    /// <summary>The page; null until it is read, and when it could not be.</summary>
    internal LogPage? Page { get; private set; }

    internal void Read(LogPage? page)
    {
        Page = page;
        _read.SetResult();
    }

    internal SharedPage Hold()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0) Page?.Dispose();
    }
}
