using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>How an <see cref="EventStore"/> works.</summary>
public sealed class EventStoreOptions
{
    /// <summary>How events become bytes. Default: <see cref="JsonEventSerializer"/>.</summary>
    public IEventSerializer Serializer { get; init; } = new JsonEventSerializer();
}
