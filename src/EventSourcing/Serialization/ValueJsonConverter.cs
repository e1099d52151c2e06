using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventSourcing;

/// <summary>A value of the library as its text in JSON; <c>default</c> as null. Works for the keys of dictionaries.</summary>
/// <typeparam name="T">The value's type.</typeparam>
public abstract class ValueJsonConverter<T> : JsonConverter<T>
    where T : struct, IEquatable<T>, ISpanParsable<T>
{
    private readonly string _what;

    /// <param name="what">The value's type for messages: "a stream name".</param>
    private protected ValueJsonConverter(string what) => _what = what;

    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => default,
        JsonTokenType.String => Parsed(reader.GetString()),
        JsonTokenType.StartObject => Parsed(ReadFormer(ref reader)),
        _ => throw new JsonException($"{reader.TokenType} is not {_what}: text or null is."),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value.Equals(default)) writer.WriteNullValue();
        else writer.WriteStringValue(value.ToString());
    }

    /// <inheritdoc/>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        // The text of a default is its key, also where that is no text of a value.
        var key = reader.GetString();
        return key == default(T).ToString() ? default : Parsed(key);
    }

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value.ToString()!);
    }

    /// <summary>The text of a value that version 0.1 wrote as an object.</summary>
    /// <exception cref="JsonException">An object does not hold the value.</exception>
    private protected virtual string? ReadFormer(ref Utf8JsonReader reader) => throw new JsonException($"An object is not {_what}: text or null is.");

    private T Parsed(string? text) => T.TryParse(text, null, out var value) ? value : throw new JsonException($"'{text}' is not {_what}.");
}
