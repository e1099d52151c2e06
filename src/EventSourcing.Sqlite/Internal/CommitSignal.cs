namespace EventSourcing.Sqlite.Internal;

/// <summary>Tells those who wait that the log has grown. Costs a commit an interlocked exchange while nobody waits.</summary>
internal sealed class CommitSignal
{
    private readonly Lock _gate = new();
    private readonly List<Waiter> _waiters = [];
    private volatile int _count;
    private long _published, _ownCommits;
    private bool _closed;

    private sealed class Waiter(long after) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal long After { get; } = after;
    }

    /// <summary>True while somebody waits.</summary>
    internal bool IsAwaited => _count > 0;

    /// <summary>How many transactions this log has committed, checkpoints and the like among them.</summary>
    internal long OwnCommits => Volatile.Read(ref _ownCommits);

    /// <summary>The highest head that was published.</summary>
    internal long Published => Volatile.Read(ref _published);

    /// <summary>Called when somebody begins to wait.</summary>
    internal event Action? Awaited;

    /// <summary>Called by the writer when it has committed.</summary>
    internal void CountOwn() => Volatile.Write(ref _ownCommits, _ownCommits + 1);

    /// <summary>Releases those who wait for something after an earlier position.</summary>
    internal void Publish(long head)
    {
        // With a full fence: who begins to wait either is counted here or sees the head.
        for (var seen = Published; seen < head;)
        {
            var found = Interlocked.CompareExchange(ref _published, head, seen);
            if (found == seen) break;
            seen = found;
        }

        if (_count == 0) return;
        Release(w => w.After < head, static w => w.TrySetResult());
    }

    /// <summary>Releases all, for them to see for themselves what has become of the log.</summary>
    internal void WakeAll() => Release(static _ => true, static w => w.TrySetResult());

    /// <summary>Completes when a head above <paramref name="after"/> is published, or was. Unless what is stored is published anyway, the caller looks at the log after this call has returned, lest it miss a commit in between.</summary>
    internal Task WaitAsync(long after, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(after);
        lock (_gate)
        {
            if (_closed) return Task.FromException(new ObjectDisposedException(nameof(SqliteEventLog)));
            _waiters.Add(waiter);
            _count = _waiters.Count;
        }

        Awaited?.Invoke();
        Interlocked.MemoryBarrier();
        if (after < Published) Release(w => w == waiter, static w => w.TrySetResult());
        if (!cancellationToken.CanBeCanceled) return waiter.Task;
        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Ends every wait with <see cref="ObjectDisposedException"/>, later ones too.</summary>
    internal void Close()
    {
        lock (_gate) _closed = true;
        Release(static _ => true, static w => w.TrySetException(new ObjectDisposedException(nameof(SqliteEventLog))));
    }

    private async Task WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            (_, token) => Release(w => w == waiter, w => w.TrySetCanceled(token)), null);
        await waiter.Task.ConfigureAwait(false);
    }

    private void Release(Predicate<Waiter> which, Func<Waiter, bool> answer)
    {
        List<Waiter> released;
        lock (_gate)
        {
            released = _waiters.FindAll(which);
            if (released.Count == 0) return;
            _waiters.RemoveAll(which);
            _count = _waiters.Count;
        }

        foreach (var waiter in released) answer(waiter);
    }
}
