using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>An <see cref="ExpectedVersion"/> as its text: <c>no stream</c>, <c>stream exists</c> or the digits of the version; <see cref="ExpectedVersion.Any"/> as null, and as the key <c>any</c> of a dictionary.</summary>
/// <remarks>Reads the object with the property <c>Version</c> that version 0.1 wrote, too, where it holds a version.</remarks>
public sealed class ExpectedVersionConverter : JsonConverter<ExpectedVersion>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override ExpectedVersion Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => default,
        JsonTokenType.String => Parsed(reader.GetString()),
        JsonTokenType.StartObject => Parsed(FormerJson.Property(ref reader, nameof(ExpectedVersion.Version))),
        _ => throw new JsonException($"{reader.TokenType} is no expected version: \"text\" is."),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ExpectedVersion value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value == default) writer.WriteNullValue();
        else writer.WriteStringValue(value.ToString());
    }

    /// <inheritdoc/>
    public override ExpectedVersion ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parsed(reader.GetString());

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, ExpectedVersion value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.ToString());
    }

    private static ExpectedVersion Parsed(string? text) =>
        ExpectedVersion.TryParse(text, null, out var value) ? value : throw new JsonException($"'{text}' is no expected version.");
}
