using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Handling;

/// <summary>A handler for one subscription, with everything that depends on the store resolved.</summary>
internal abstract class BoundHandler
{
    internal virtual bool IsBatch => false;

    /// <summary>False when the handler does not want events of this stored type at all.</summary>
    internal virtual bool Selects(string type) => true;

    /// <summary>Handles one event. A handler of single events also makes the event the ambient one; the caller restores the execution context.</summary>
    internal abstract Task HandleAsync(in RecordedEvent e, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken);

    internal virtual Task HandleAsync(ReadOnlyMemory<RecordedEvent> events, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
