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
            // Looked at under the lock that a pulse takes: an event published meanwhile is seen here, or its pulse finds the task.
            if (events.Head > after) return Task.CompletedTask;
            // Those who wait go on elsewhere, never on the stack of the append that wakes them.
            _next ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _next.Task;
        }
    }

    /// <summary>Wakes everyone; called after the events were published.</summary>
    internal void Pulse() => Take()?.SetResult();

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
