using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Wakes the calls that wait for the next event.</summary>
internal sealed class AppendSignal
{
    private readonly Waiters _waiters = new();

    /// <summary>Completes when an event lies after a position; at once when one does already.</summary>
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

    /// <summary>Wakes the calls that wait for an event up to the head; called after the events were published, which ends with a full fence.</summary>
    internal void Pulse(long head)
    {
        if (_waiters.IsAny) _waiters.Release(head);
    }

    /// <summary>Ends every wait with an error, later ones too.</summary>
    internal void End(Func<ObjectDisposedException> error) => _waiters.End(error);
}
