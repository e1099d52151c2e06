using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>Events as JSON by the System.Text.Json contracts of the type map: no reflection when these are source-generated.</summary>
/// <remarks>Text of an event that is no valid UTF-16 is written as System.Text.Json does it: U+FFFD takes the place of a lone surrogate. The event reads back with it, without an error.</remarks>
public sealed class JsonEventSerializer : IEventSerializer
{
    /// <summary>The media type of JSON, which is stored as none.</summary>
    internal const string MediaType = "application/json";

    [ThreadStatic]
    private static Utf8JsonWriter? s_writer;

    /// <summary>Reads JSON where a map has no serializer of its own for it.</summary>
    internal static JsonEventSerializer Shared { get; } = new();

    /// <inheritdoc/>
    public string ContentType => MediaType;

    /// <inheritdoc/>
    public bool IsJson => true;

    /// <inheritdoc/>
    public void Serialize(EventType type, object data, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(type);
        // A contract's encoder and indentation are the writer's to apply, so only contracts without them share one writer.
        var contract = ContractOf(type);
        var options = contract.Options;
        if (options.Encoder is not null || options.WriteIndented)
        {
            using var own = new Utf8JsonWriter(output, new()
            {
                Encoder = options.Encoder,
                Indented = options.WriteIndented,
                IndentCharacter = options.IndentCharacter,
                IndentSize = options.IndentSize,
                NewLine = options.NewLine,
            });
            JsonSerializer.Serialize(own, data, contract);
            return;
        }

        var writer = s_writer ?? new Utf8JsonWriter(output, new() { SkipValidation = true });
        s_writer = null;
        writer.Reset(output);
        JsonSerializer.Serialize(writer, data, contract);
        writer.Flush();
        s_writer = writer;
    }

    /// <inheritdoc/>
    public object Deserialize(EventType type, in SerializedEvent stored)
    {
        ArgumentNullException.ThrowIfNull(type);
        return JsonSerializer.Deserialize(stored.Data, ContractOf(type)) ?? throw new JsonException("the stored JSON is null");
    }

    private static JsonTypeInfo ContractOf(EventType type) => type.Contract
        ?? throw new InvalidOperationException($"event type '{type.Name}' ({type.ClrType}) has no JSON contract: add the type to the context that is given to EventTypeMap.Create");
}
