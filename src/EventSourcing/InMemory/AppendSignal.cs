namespace EventSourcing.InMemory;

/// <summary>Wakes those who wait for the next event.</summary>
internal sealed class AppendSignal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _next;
    private Exception? _failure;

    /// <summary>Completes at the next <see cref="Pulse"/>; at once when an event lies after a position already.</summary>
    internal Task NextAsync(EventTable events, long after)
    {
        lock (_lock)
        {
            if (_failure is not null) return Task.FromException(_failure);
            // Those who wait go on elsewhere, never on the stack of the append that wakes them.
            var next = _next ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            // Looked at after the task is there, as a pulse looks for a task after the event is: one of the two sees the other.
            Interlocked.MemoryBarrier();
            return events.Head > after ? Task.CompletedTask : next.Task;
        }
    }

    /// <summary>Wakes everyone; called after the events were published, which ends with a full fence.</summary>
    internal void Pulse()
    {
        if (Volatile.Read(ref _next) is not null) Take()?.SetResult();
    }

    /// <summary>Fails everyone, those to come included.</summary>
    internal void Fail(Exception failure)
    {
        lock (_lock) _failure ??= failure;
        Take()?.SetException(failure);
    }

    private TaskCompletionSource? Take()
    {
        lock (_lock)
        {
            var next = _next;
            _next = null;
            return next;
        }
    }
}
