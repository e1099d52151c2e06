namespace EventSourcing.Subscriptions.Internal;

/// <summary>Up to where a runner is done for good as far as this process goes, and those who wait for a position.</summary>
internal sealed class Settlement
{
    private readonly Lock _lock = new();
    private readonly List<(long Position, TaskCompletionSource Done)> _waiters = [];
    private long _position;
    private long _nearest = long.MaxValue;
    private Exception? _ended;

    internal long Position => Volatile.Read(ref _position);

    /// <summary>Called by the runner only.</summary>
    internal void MoveTo(long position)
    {
        // A full fence: one who begins to wait is either seen here, or sees the position itself.
        Interlocked.Exchange(ref _position, position);
        if (position >= Volatile.Read(ref _nearest)) Notify();
    }

    internal async Task WaitForAsync(long position, CancellationToken cancellationToken)
    {
        var waiter = (position, Done: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            if (_ended is not null) throw _ended;
            _waiters.Add(waiter);
            Volatile.Write(ref _nearest, Math.Min(_nearest, position));
        }

        try
        {
            Notify();
            await waiter.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock) _waiters.Remove(waiter);
        }
    }

    /// <summary>Fails those who wait, and those who come later.</summary>
    internal void End(Exception error)
    {
        TaskCompletionSource[] waiters;
        lock (_lock)
        {
            _ended = error;
            waiters = [.. _waiters.Select(w => w.Done)];
        }

        foreach (var waiter in waiters) waiter.TrySetException(error);
    }

    private void Notify()
    {
        lock (_lock)
        {
            foreach (var (position, done) in _waiters)
                if (position <= Position) done.TrySetResult();
            _waiters.RemoveAll(w => w.Done.Task.IsCompleted);
            Volatile.Write(ref _nearest, _waiters.Count == 0 ? long.MaxValue : _waiters.Min(w => w.Position));
        }
    }
}
