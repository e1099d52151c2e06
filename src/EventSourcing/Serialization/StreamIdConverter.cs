using System.Text.Json;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>A <see cref="StreamId"/> as its text; <c>default</c> as null, and as the empty key of a dictionary.</summary>
/// <remarks>Reads the object with the property <c>Value</c> that version 0.1 wrote, too.</remarks>
public sealed class StreamIdConverter : ValueJsonConverter<StreamId>
{
    /// <summary>Makes a converter. Source-generated contracts call it.</summary>
    public StreamIdConverter()
        : base("a stream name")
    {
    }

    private protected override string? ReadFormer(ref Utf8JsonReader reader) => FormerJson.Property(ref reader, nameof(StreamId.Value));
}
