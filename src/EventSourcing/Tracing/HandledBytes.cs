using EventSourcing.Storage;

namespace EventSourcing.Tracing;

/// <summary>An event that is handled as bytes: the parts that later events inherit, and the parts that an error names.</summary>
internal sealed class HandledBytes(in RecordedEvent e) : IHandled
{
    private readonly Guid _id = e.Id;
    private readonly string? _correlationId = e.CorrelationId;
    private readonly ReadOnlyMemory<byte> _metadata = e.Metadata;
    private readonly string _type = e.Type;
    private readonly StreamId _stream = e.StreamId;
    private readonly GlobalPosition _position = e.Position;

    public EventMetadata Inherited => EventContext.Inherit(_id, _correlationId, EventMetadata.Read(_metadata, _type, _stream, _position).Actor);
}
