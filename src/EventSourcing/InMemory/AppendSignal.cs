using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Wakes the calls that wait for the next event.</summary>
internal sealed class AppendSignal
{
    private readonly Waiters _waiters = new();

    /// <summary>Completes when an event is stored after a position, or at once when there is one.</summary>
    internal Task WaitAsync(EventTable events, long after, CancellationToken cancellationToken)
    {
        Waiters.Waiter waiter;
        try
        {
            waiter = _waiters.Add(after);
        }
        catch (ObjectDisposedException e)
        {
            return Task.FromException(e);
        }

        if (events.Head > after) waiter.Release();
        return waiter.WaitAsync(cancellationToken);
    }

    /// <summary>Wakes the calls that wait for an event up to the head. Called after the events were published with a full fence.</summary>
    internal void Pulse(long head)
    {
        if (_waiters.IsAny) _waiters.Release(head);
    }

    /// <summary>Ends all waits, also later ones, with an error.</summary>
    internal void End(Func<ObjectDisposedException> error) => _waiters.End(error);
}
