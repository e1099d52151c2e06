using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventSourcing;

/// <summary>A <see cref="ResumeToken"/> as its text; <see cref="ResumeToken.Start"/> as null.</summary>
public sealed class ResumeTokenConverter : JsonConverter<ResumeToken>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override ResumeToken Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? default : Parsed(reader.TokenType == JsonTokenType.String ? reader.GetString() : null);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ResumeToken value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value == default) writer.WriteNullValue();
        else writer.WriteStringValue(value.ToString());
    }

    /// <inheritdoc/>
    public override ResumeToken ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parsed(reader.GetString());

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, ResumeToken value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.ToString());
    }

    private static ResumeToken Parsed(string? text) =>
        ResumeToken.TryParse(text, null, out var token) ? token : throw new JsonException($"'{text}' is not a resume token: text as ResumeToken.ToString writes it is needed.");
}
