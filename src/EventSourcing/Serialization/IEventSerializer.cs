using System.Buffers;

namespace EventSourcing.Serialization;

/// <summary>Turns events into bytes and back. Thread-safe.</summary>
public interface IEventSerializer
{
    /// <summary>True when the bytes are JSON in UTF-8, which the log then keeps readable for SQL.</summary>
    bool IsJson { get; }

    /// <summary>Writes an event. What it throws reaches the caller inside an <see cref="EventSerializationException"/>.</summary>
    /// <param name="type">The event's entry in the type map.</param>
    /// <param name="data">The event, of the entry's CLR type.</param>
    /// <param name="output">Where to.</param>
    void Serialize(EventType type, object data, IBufferWriter<byte> output);

    /// <summary>Reads what <see cref="Serialize"/> wrote. What it throws reaches the caller inside an <see cref="EventSerializationException"/>.</summary>
    /// <param name="type">The stored event's entry in the type map.</param>
    /// <param name="data">The bytes; valid during the call only.</param>
    /// <returns>The event, never null.</returns>
    object Deserialize(EventType type, ReadOnlySpan<byte> data);
}
