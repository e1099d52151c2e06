using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>An event that is handled as bytes.</summary>
internal sealed class HandledBytes(in RecordedEvent e) : IHandled
{
    private readonly RecordedEvent _event = e;

    public EventMetadata Inherited => InheritedFrom(_event);

    internal static EventMetadata InheritedFrom(in RecordedEvent e) =>
        Handling.Inherit(e.Id, e.CorrelationId, EventMetadata.Read(e.Metadata, e.Type, e.StreamId, e.Position).Actor);
}
