using System.Buffers;

namespace EventSourcing;

/// <summary>Turns events into bytes of one form and back. Thread-safe.</summary>
/// <remarks>
/// A type map has one for all of its entries (<see cref="EventTypeMapBuilder.UseSerializer"/>), an entry may have one of its own (<see cref="EventTypeBuilder{T}.Serializer"/>). The log keeps <see cref="ContentType"/> with
/// each event, and an event is read by the serializer of the form it was stored in, whatever is written today.
/// </remarks>
public interface IEventSerializer
{
    /// <summary>The form as a media type, such as <c>application/json</c> or <c>application/x-protobuf</c>; always the same, and never changed once events are stored in it. Compared without case.</summary>
    string ContentType { get; }

    /// <summary>True when the bytes are JSON in UTF-8, which the log then keeps readable for SQL and which gives tags by the entry's rules.</summary>
    bool IsJson { get; }

    /// <summary>Writes an event. What it throws reaches the caller inside an <see cref="EventSerializationException"/>.</summary>
    /// <param name="type">The event's entry in the type map.</param>
    /// <param name="data">The event, of the entry's CLR type.</param>
    /// <param name="output">Where to.</param>
    void Serialize(EventType type, object data, IBufferWriter<byte> output);

    /// <summary>Reads what <see cref="Serialize"/> wrote. What it throws reaches the caller inside an <see cref="EventSerializationException"/>.</summary>
    /// <param name="type">The stored event's entry in the type map, with the names and contract that it has now.</param>
    /// <param name="stored">The bytes, and the name, schema number and metadata that were stored with them; valid during the call only.</param>
    /// <returns>The event, never null.</returns>
    object Deserialize(EventType type, in SerializedEvent stored);
}
