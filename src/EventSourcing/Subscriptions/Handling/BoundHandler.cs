using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Handling;

/// <summary>A handler as one subscription calls it: what depends on the store is found.</summary>
internal abstract class BoundHandler
{
    internal virtual bool IsBatch => false;

    /// <summary>False when the handler does not want events of this stored type at all.</summary>
    internal virtual bool Selects(string type) => true;

    /// <summary>Handles one event and, where it is not a handler of batches, enters it as what is being handled: the caller's flow ends that.</summary>
    internal abstract Task HandleAsync(in RecordedEvent e, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken);

    internal virtual Task HandleAsync(ReadOnlyMemory<RecordedEvent> events, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
