namespace EventSourcing.Following;

/// <summary>Returns the partition of an event, or -1 for an event without one.</summary>
internal delegate int PartitionOf(in Storage.RecordedEvent e);

/// <summary>The state of one partition at the head of the log. The partition's loop and the <see cref="SharedTail"/> use it alternately. Changed only under the lock of the tail.</summary>
internal sealed class TailPlace(int partition)
{
    private TaskCompletionSource? _woken;
    private PositionWaiters? _waiters;
    private SharedPage? _page;

    internal int Partition { get; } = partition;

    /// <summary>No event up to here is left for the partition. Its loop reads this after the wait.</summary>
    internal long Position { get; set; }

    /// <summary>The latest token that the partition has read.</summary>
    internal ResumeToken Known { get; set; }

    /// <summary>The partition is woken when the log reaches this position, even without an event of the partition.</summary>
    internal long Until { get; private set; }

    /// <summary>The position after which the partition was last sent to read the log, because the tail was ahead of it.</summary>
    internal long SentAwayAt { get; set; } = -1;

    internal Task Begin(long until, PositionWaiters waiters)
    {
        (Until, _waiters, _woken) = (until, waiters, new(TaskCreationOptions.RunContinuationsAsynchronously));
        return _woken.Task;
    }

    /// <summary>Advances the position past events of other partitions during a wait.</summary>
    internal void Pass(long position)
    {
        if (position <= Position) return;
        Position = position;
        _waiters!.MoveTo(position);
    }

    internal void Wake(Exception? error)
    {
        if (error is null) _woken!.TrySetResult();
        else _woken!.TrySetException(error);
    }

    /// <summary>Sets the page that the partition is woken for.</summary>
    internal void Give(SharedPage? page)
    {
        _page?.Release();
        _page = page;
    }

    /// <summary>Returns the page that was set, and removes it here.</summary>
    internal SharedPage? Take()
    {
        var page = _page;
        _page = null;
        return page;
    }
}
