using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>A <see cref="StreamId"/> as its text; <c>default</c> as null, and as the empty key of a dictionary.</summary>
/// <remarks>Reads the object with the property <c>Value</c> that version 0.1 wrote, too.</remarks>
public sealed class StreamIdConverter : JsonConverter<StreamId>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override StreamId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => default,
        JsonTokenType.String => Parsed(reader.GetString()),
        JsonTokenType.StartObject => Parsed(FormerJson.Property(ref reader, nameof(StreamId.Value))),
        _ => throw new JsonException($"{reader.TokenType} is no stream name: \"text\" is."),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, StreamId value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value == default) writer.WriteNullValue();
        else writer.WriteStringValue(value.ToString());
    }

    /// <inheritdoc/>
    public override StreamId ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString() is { Length: > 0 } key ? Parsed(key) : default;

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, StreamId value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.ToString());
    }

    private static StreamId Parsed(string? text) =>
        StreamId.TryParse(text, null, out var value) ? value : throw new JsonException($"'{text}' is no stream name.");
}
