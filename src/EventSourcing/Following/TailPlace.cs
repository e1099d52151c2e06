namespace EventSourcing.Following;

/// <summary>Tells the partition of an event; -1 for an event that is for none.</summary>
internal delegate int PartitionOf(in Storage.RecordedEvent e);

/// <summary>Where one partition is at the head of the log; its loop and the tail take turns in using it. Changed under the lock of the <see cref="SharedTail"/> only.</summary>
internal sealed class TailPlace(int partition)
{
    private TaskCompletionSource? _woken;
    private PositionWaiters? _waiters;
    private SharedPage? _page;

    internal int Partition { get; } = partition;

    /// <summary>No event up to here is left for the partition. Its loop reads this after the wait.</summary>
    internal long Position { get; set; }

    /// <summary>The furthest place of the log that the partition has seen.</summary>
    internal ResumeToken Known { get; set; }

    /// <summary>The partition is woken when the log gets here, whatever is stored.</summary>
    internal long Until { get; private set; }

    /// <summary>The position after which the partition was last sent to read the log, because the tail was ahead of it.</summary>
    internal long SentAwayAt { get; set; } = -1;

    internal Task Begin(long until, PositionWaiters waiters)
    {
        (Until, _waiters, _woken) = (until, waiters, new(TaskCreationOptions.RunContinuationsAsynchronously));
        return _woken.Task;
    }

    /// <summary>Moves it past events of others while it waits.</summary>
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

    /// <summary>Gives it the page that it is woken for.</summary>
    internal void Give(SharedPage? page)
    {
        _page?.Release();
        _page = page;
    }

    /// <summary>Takes the page that it was given.</summary>
    internal SharedPage? Take()
    {
        var page = _page;
        _page = null;
        return page;
    }
}
