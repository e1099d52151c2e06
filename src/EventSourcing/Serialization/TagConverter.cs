using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>A <see cref="Tag"/> as its text, name and value joined by a colon; <c>default</c> as null, and as the empty key of a dictionary.</summary>
/// <remarks>Reads the object with the properties <c>Name</c> and <c>Value</c> that version 0.1 wrote, too.</remarks>
public sealed class TagConverter : JsonConverter<Tag>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override Tag Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => default,
        JsonTokenType.String => Parsed(reader.GetString()),
        JsonTokenType.StartObject => Parsed(FormerJson.Properties(ref reader, nameof(Tag.Name), nameof(Tag.Value))),
        _ => throw new JsonException($"{reader.TokenType} is no tag: \"text\" is."),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Tag value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value == default) writer.WriteNullValue();
        else writer.WriteStringValue(value.ToString());
    }

    /// <inheritdoc/>
    public override Tag ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString() is { Length: > 0 } key ? Parsed(key) : default;

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, Tag value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.ToString());
    }

    private static Tag Parsed((string? Name, string? Value) former) => Parsed($"{former.Name}:{former.Value}");

    private static Tag Parsed(string? text) =>
        Tag.TryParse(text, null, out var value) ? value : throw new JsonException($"'{text}' is no tag.");
}
