using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>Turns events into bytes and back by the rules of a type map, for every store, subscription and bus that has the map, decorated stores included. Thread-safe.</summary>
internal sealed class EventCodec
{
    private readonly EventTypeMap _types;
    private readonly EncoderPool _encoders;
    private readonly Upcasting _upcasting;

    private EventCodec(EventTypeMap types) => (_types, _encoders, _upcasting) = (types, new(() => new(types)), new(types));

    /// <summary>Returns the codec of a map, always the same object.</summary>
    internal static EventCodec Of(EventTypeMap types) => types.Companion(static types => new EventCodec(types));

    /// <summary>The turns of decisions on logs whose events the map reads.</summary>
    internal Turns Turns { get; } = new();

    /// <summary>Encodes an append. The encoder's append is valid until the encoder is returned to the pool.</summary>
    internal AppendEncoder RentEncoder() => _encoders.Rent();

    internal void Return(AppendEncoder encoder) => _encoders.Return(encoder);

    /// <summary>Encodes an append in its own memory, valid for as long as it is referenced.</summary>
    internal LogAppend Encode(Append append) => new AppendEncoder(_types).Encode(append);

    /// <summary>Decodes a stored event.</summary>
    /// <exception cref="UnknownEventTypeException">The map has no entry for its type.</exception>
    /// <exception cref="UnknownSchemaVersionException">Its schema number is newer than the entry's.</exception>
    /// <exception cref="EventSerializationException">It cannot be read.</exception>
    internal Decoded Decode(in RecordedEvent e)
    {
        if (!_types.TryGet(e.Type, out var type)) throw new UnknownEventTypeException(e.Type, e.StreamId, e.Position);
        var number = e.SchemaVersion;
        if (number > type.SchemaVersion) throw new UnknownSchemaVersionException(e.Type, number, type.SchemaVersion, e.StreamId, e.Position);
        try
        {
            var contentType = e.ContentType;
            var reader = contentType is null && e.IsJson ? type.Forms.Json : type.Forms.ReaderOf(contentType, e.IsJson);
            var stored = new SerializedEvent(e.Type, e.Data, contentType, number, e.Metadata);
            if (number < type.SchemaVersion || type.IsUpcastOnly) return _upcasting.Decode(type, reader, stored);
            return new(reader.Deserialize(type, stored) ?? throw new InvalidDataException($"{reader.GetType()} returned null"));
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new EventSerializationException(e.Type, e.StreamId, e.Position, error);
        }
    }

    /// <summary>Decodes a stored event to envelopes.</summary>
    /// <exception cref="UnknownEventTypeException">The map has no entry for its type.</exception>
    /// <exception cref="EventSerializationException">It cannot be read.</exception>
    internal Envelopes Read(in RecordedEvent e)
    {
        var decoded = Decode(e);
        if (decoded.Count == 1) return new(new EventEnvelope(e, decoded[0]));
        var envelopes = new EventEnvelope[decoded.Count];
        for (var ordinal = 0; ordinal < envelopes.Length; ordinal++) envelopes[ordinal] = new(e, decoded[ordinal], ordinal);
        return new(envelopes);
    }
}
