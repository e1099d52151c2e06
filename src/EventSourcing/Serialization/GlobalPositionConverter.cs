using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventSourcing;

/// <summary>A <see cref="GlobalPosition"/> as its text; <see cref="GlobalPosition.Start"/> as null, and as the key <c>0</c> of a dictionary.</summary>
/// <remarks>Version 0.1 wrote an empty object, which does not hold the position: reading it is an error.</remarks>
public sealed class GlobalPositionConverter : JsonConverter<GlobalPosition>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override GlobalPosition Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => default,
        JsonTokenType.String => Parsed(reader.GetString()),
        JsonTokenType.StartObject => throw new JsonException("An object holds no position of a log. Version 0.1 wrote positions without their value: they are lost."),
        _ => throw new JsonException($"{reader.TokenType} is no position of a log: \"text\" is."),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, GlobalPosition value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value == default) writer.WriteNullValue();
        else writer.WriteStringValue(value.ToString());
    }

    /// <inheritdoc/>
    public override GlobalPosition ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parsed(reader.GetString());

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, GlobalPosition value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.ToString());
    }

    private static GlobalPosition Parsed(string? text) =>
        GlobalPosition.TryParse(text, null, out var value) ? value : throw new JsonException($"'{text}' is no position of a log.");
}
