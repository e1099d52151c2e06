namespace EventSourcing.Following;

/// <summary>The position up to which a runner is finished in this process, and the waits for a position.</summary>
internal sealed class PositionWaiters
{
    private readonly Lock _lock = new();
    private readonly List<Waiter> _waiters = [];
    private long _position;
    private long _nearest = long.MaxValue;
    private Exception? _ended, _stalled;

    /// <summary>A caller's wait.</summary>
    internal sealed class Waiter(long position) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal long Position { get; } = position;
    }

    internal long Position => Volatile.Read(ref _position);

    /// <summary>True when a wait for a position would complete at once.</summary>
    internal bool IsDone(long position)
    {
        lock (_lock) return _ended is null && position <= Position;
    }

    /// <summary>Called by the runner only.</summary>
    internal void MoveTo(long position)
    {
        // A full fence: a wait that begins now is either seen here, or sees the position itself.
        Interlocked.Exchange(ref _position, position);
        if (position >= Volatile.Read(ref _nearest)) Notify();
    }

    /// <summary>Begins a wait, to be ended by <see cref="Leave"/>.</summary>
    internal Waiter Enter(long position)
    {
        var waiter = new Waiter(position);
        lock (_lock)
        {
            if (_ended is not null) waiter.SetException(_ended);
            else if (_stalled is not null && position > Position) waiter.SetException(_stalled);
            else _waiters.Add(waiter);
            Volatile.Write(ref _nearest, Math.Min(_nearest, position));
        }

        Notify();
        return waiter;
    }

    internal void Leave(Waiter waiter)
    {
        lock (_lock) _waiters.Remove(waiter);
    }

    /// <summary>The position does not advance for now. Fails the current waits, and new ones until <see cref="Flow"/>.</summary>
    internal void Stall(Exception error) => Fail(ref _stalled, error);

    /// <summary>The position may advance again.</summary>
    internal void Flow()
    {
        lock (_lock) _stalled = null;
    }

    /// <summary>Fails the current waits and all later ones.</summary>
    internal void End(Exception error) => Fail(ref _ended, error);

    private void Fail(ref Exception? reason, Exception error)
    {
        Waiter[] waiters;
        lock (_lock)
        {
            reason = error;
            waiters = [.. _waiters.Where(w => w.Position > Position || ReferenceEquals(error, _ended))];
        }

        foreach (var waiter in waiters) waiter.TrySetException(error);
    }

    private void Notify()
    {
        lock (_lock)
        {
            foreach (var waiter in _waiters)
                if (waiter.Position <= Position) waiter.TrySetResult();
            _waiters.RemoveAll(static w => w.Task.IsCompleted);
            Volatile.Write(ref _nearest, _waiters.Count == 0 ? long.MaxValue : _waiters.Min(w => w.Position));
        }
    }
}
