namespace EventSourcing.Storage;

/// <summary>Calls that wait for a log to grow. Beginning, cancelling and releasing a wait take constant time for any number of waits.</summary>
/// <remarks>
/// A linked list in the order of the positions. Nearly every call waits for a position after the head, so it is added at the end of the list.
/// Compiled into each package that has a log.
/// </remarks>
internal sealed class Waiters
{
    private readonly Lock _lock = new();
    private Waiter? _first, _last;
    private volatile int _count;
    private Func<Exception>? _end;

    /// <summary>True while a call waits.</summary>
    internal bool IsAny => _count > 0;

    /// <summary>Begins to wait for a head above a position. The caller must read the head after this call, so that it misses no event that was published before.</summary>
    /// <exception cref="Exception">The error of <see cref="End"/>, when the waits were ended.</exception>
    internal Waiter Add(long after)
    {
        var waiter = new Waiter(this, after);
        lock (_lock)
        {
            if (_end is not null) throw _end();
            var previous = _last;
            while (previous is not null && previous.After > after) previous = previous.Previous;
            Link(waiter, previous);
            _count++;
        }

        // A full fence: either the publisher of a head sees this wait, or this call sees the head.
        Interlocked.MemoryBarrier();
        return waiter;
    }

    /// <summary>Releases the calls that wait for a head above a position that the head has passed.</summary>
    /// <param name="head">The head; <see cref="long.MaxValue"/> releases all.</param>
    internal void Release(long head)
    {
        for (Waiter? waiter = Take(head), next; waiter is not null; waiter = next)
        {
            next = waiter.Next;
            waiter.TrySetResult();
        }
    }

    /// <summary>Ends all waits, also later ones, with an error.</summary>
    internal void End(Func<Exception> error)
    {
        lock (_lock) _end ??= error;
        for (Waiter? waiter = Take(long.MaxValue), next; waiter is not null; waiter = next)
        {
            next = waiter.Next;
            waiter.TrySetException(error());
        }
    }

    // Removes the calls up to a head from the list, and returns them as a separate list.
    private Waiter? Take(long head)
    {
        lock (_lock)
        {
            var first = _first;
            if (first is null || !first.IsBefore(head)) return null;
            var (last, taken) = (first, 1);
            first.IsLinked = false;
            for (; last.Next is { } next && next.IsBefore(head); last = next, taken++) next.IsLinked = false;
            _first = last.Next;
            if (_first is null) _last = null;
            else _first.Previous = null;
            last.Next = null;
            _count -= taken;
            return first;
        }
    }

    private void Link(Waiter waiter, Waiter? previous)
    {
        waiter.IsLinked = true;
        waiter.Previous = previous;
        waiter.Next = previous is null ? _first : previous.Next;
        if (previous is null) _first = waiter;
        else previous.Next = waiter;
        if (waiter.Next is null) _last = waiter;
        else waiter.Next.Previous = waiter;
    }

    private bool TryUnlink(Waiter waiter)
    {
        lock (_lock)
        {
            if (!waiter.IsLinked) return false;
            waiter.IsLinked = false;
            if (waiter.Previous is null) _first = waiter.Next;
            else waiter.Previous.Next = waiter.Next;
            if (waiter.Next is null) _last = waiter.Previous;
            else waiter.Next.Previous = waiter.Previous;
            _count--;
            return true;
        }
    }

    /// <summary>One call that waits. It continues on another stack, never on the stack of the append that releases it.</summary>
    internal sealed class Waiter(Waiters all, long after) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        internal long After { get; } = after;

        internal bool IsBefore(long head) => After < head || head == long.MaxValue;

        internal bool IsLinked { get; set; }

        internal Waiter? Previous { get; set; }

        internal Waiter? Next { get; set; }

        /// <summary>Waits until the call is released or cancelled.</summary>
        internal Task WaitAsync(CancellationToken cancellationToken) => cancellationToken.CanBeCanceled ? WaitOrGiveUpAsync(cancellationToken) : Task;

        /// <summary>Releases only this call.</summary>
        internal void Release()
        {
            if (all.TryUnlink(this)) TrySetResult();
        }

        private async Task WaitOrGiveUpAsync(CancellationToken cancellationToken)
        {
            using var registration = cancellationToken.UnsafeRegister(static (waiter, token) => ((Waiter)waiter!).GiveUp(token), this);
            await Task.ConfigureAwait(false);
        }

        private void GiveUp(CancellationToken cancellationToken)
        {
            if (all.TryUnlink(this)) TrySetCanceled(cancellationToken);
        }
    }
}
