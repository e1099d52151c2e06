using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>Turns recorded bytes into events.</summary>
internal sealed class EventDecoder(EventTypeMap types, IEventSerializer serializer)
{
    internal object Decode(in RecordedEvent e)
    {
        if (!types.TryGet(e.Type, out var type)) throw new UnknownEventTypeException(e.Type, e.StreamId, e.Position);
        if (e.IsJson != serializer.IsJson)
            throw Unreadable(e, new InvalidDataException(e.IsJson ? "it is JSON, the serializer's form is not" : "it is binary, the serializer's form is JSON"));
        try
        {
            return serializer.Deserialize(type, e.Data.Span);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw Unreadable(e, error);
        }
    }

    private static EventSerializationException Unreadable(in RecordedEvent e, Exception error) => new(e.Type, e.StreamId, e.Position, error);
}
