using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Waiting;

/// <summary>Tells the calls that wait that the log has grown. Costs a commit an interlocked exchange while none waits.</summary>
internal sealed class CommitSignal
{
    private readonly Waiters _waiters = new();
    private long _published, _ownCommits;

    /// <summary>True while a call waits.</summary>
    internal bool IsAwaited => _waiters.IsAny;

    /// <summary>How many transactions this log has committed, checkpoints and the like among them.</summary>
    internal long OwnCommits => Volatile.Read(ref _ownCommits);

    /// <summary>The highest head that was published.</summary>
    internal long Published => Volatile.Read(ref _published);

    /// <summary>Called when a wait begins.</summary>
    internal event Action? Awaited;

    /// <summary>Called by the writer when it has committed.</summary>
    internal void CountOwn() => Volatile.Write(ref _ownCommits, _ownCommits + 1);

    /// <summary>Releases the calls that wait for something after an earlier position.</summary>
    internal void Publish(long head)
    {
        // With a full fence: a wait that begins either is counted here or sees the head.
        for (var seen = Published; seen < head;)
        {
            var found = Interlocked.CompareExchange(ref _published, head, seen);
            if (found == seen) break;
            seen = found;
        }

        if (_waiters.IsAny) _waiters.Release(head);
    }

    /// <summary>Publishes a head that is lower than what was published before it was read: the log was cut short. Every wait ends, for its caller to see it.</summary>
    internal void PublishCut(long published, long head)
    {
        Interlocked.CompareExchange(ref _published, head, published);
        WakeAll();
    }

    /// <summary>Releases all waiting calls, so that each reads the state of the log itself.</summary>
    internal void WakeAll() => _waiters.Release(long.MaxValue);

    /// <summary>Completes when a head above <paramref name="after"/> is published, or was. Unless what is stored is published anyway, the caller looks at the log after this call has returned, so that it misses no commit in between.</summary>
    internal Task WaitAsync(long after, CancellationToken cancellationToken)
    {
        Waiters.Waiter? waiter = null;
        try
        {
            waiter = _waiters.Add(after);
            Awaited?.Invoke();
        }
        catch (Exception e)
        {
            // Closed, or the watch could not be started.
            waiter?.Release();
            return Task.FromException(e);
        }

        Interlocked.MemoryBarrier();
        if (after < Published) waiter.Release();
        return waiter.WaitAsync(cancellationToken);
    }

    /// <summary>Ends every wait with <see cref="ObjectDisposedException"/>, later ones too.</summary>
    internal void Close() => _waiters.End(static () => new ObjectDisposedException(nameof(SqliteEventLog)));
}
