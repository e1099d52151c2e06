using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>A page of the log that is disposed when the last of its holders has released it. The code that creates it is its first holder.</summary>
internal sealed class SharedPage(long from, ResumeToken token)
{
    private readonly TaskCompletionSource _read = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _holders = 1;

    internal long From { get; } = from;

    /// <summary>The place that was compared when the page was read. The page belongs to the history of the readers that have seen that place.</summary>
    internal ResumeToken Token { get; } = token;

    /// <summary>True when a reader that has seen a place may take the page: the page was compared with that place, or ends with it.</summary>
    internal bool Follows(in ResumeToken known) => known == Token || known == Page?.Token;

    /// <summary>Completes when the read of the page has succeeded or failed.</summary>
    internal Task IsRead => _read.Task;

    /// <summary>The page; null before it is read, and when the read failed.</summary>
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
