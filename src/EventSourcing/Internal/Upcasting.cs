using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using EventSourcing.Serialization;

namespace EventSourcing.Internal;

/// <summary>Reads stored events of an older schema number, and those of types that read as others.</summary>
/// <param name="types">The type map.</param>
internal sealed class Upcasting(EventTypeMap types)
{
    /// <summary>Reads a stored event whose schema number is at most the entry's.</summary>
    /// <exception cref="Exception">Any error of an upcaster, or of the serializer.</exception>
    internal Decoded Decode(EventType type, IEventSerializer reader, in SerializedEvent stored)
    {
        JsonObject? json = null;
        var number = stored.SchemaVersion;
        for (; number < type.SchemaVersion && type.Upcasters.Length > 0; number++)
        {
            var step = type.Upcasters[number - 1];
            if (step.Json is not { } next) return Finish(type, step, Older(type, number, reader, stored, json));
            json = next(json ?? Parse(type, reader, stored)) ?? throw new InvalidDataException($"the upcaster from schema number {number} returned null");
        }

        var current = json is null ? reader.Deserialize(type, stored) : Deserialize(type, reader, stored, json, number);
        return Finish(type, current ?? throw new InvalidDataException($"{reader.GetType()} returned null"));
    }

    private static object Older(EventType type, int number, IEventSerializer reader, in SerializedEvent stored, JsonObject? json)
    {
        if (type.Older[number - 1] is not { } older) return json ?? Parse(type, reader, stored);
        var old = json is null ? reader.Deserialize(older, stored) : Deserialize(older, reader, stored, json, number);
        return old ?? throw new InvalidDataException($"{reader.GetType()} returned null");
    }

    private Decoded Finish(EventType type, Upcaster step, object old)
    {
        if (step.Many is null)
        {
            var made = step.One!(old) ?? throw new InvalidDataException($"the upcaster from schema number {step.From} returned null");
            if (made.GetType() != type.ClrType) throw new InvalidDataException($"the upcaster from schema number {step.From} returned {made.GetType()}, which is not {type.ClrType} itself");
            return Finish(type, made);
        }

        var events = new List<object>();
        Add(step, $"from schema number {step.From}", old, events);
        return new([.. events]);
    }

    private Decoded Finish(EventType type, object data)
    {
        if (type.UpcastTo is not { } whole) return new(data);
        var events = new List<object>();
        Add(whole, $"of '{type.Name}'", data, events);
        return new([.. events]);
    }

    private void Add(Upcaster step, string which, object old, List<object> events)
    {
        foreach (var made in step.Many!(old) ?? throw new InvalidDataException($"the upcaster {which} returned null"))
        {
            if (made is null || !step.Into.Contains(made.GetType()) || !types.TryGet(made.GetType(), out var type))
                throw new InvalidDataException($"the upcaster {which} gave {(made is null ? "null" : made.GetType())}, and it was declared to give {(step.Into.Count == 0 ? "no event" : string.Join(", ", step.Into))}. Name every type that it gives");
            if (type.UpcastTo is { } whole) Add(whole, $"of '{type.Name}'", made, events);
            else events.Add(made);
        }
    }

    private static JsonObject Parse(EventType type, IEventSerializer reader, in SerializedEvent stored)
    {
        if (!reader.IsJson)
            throw new InvalidDataException($"the upcaster from schema number {stored.SchemaVersion} reads JSON, and the event is stored as '{reader.ContentType}'. Upcast it from its older type: e.Upcast<…>(from: {stored.SchemaVersion}, old => …)");
        var options = type.Contract?.Options;
        var node = JsonNode.Parse(stored.Data, new() { PropertyNameCaseInsensitive = options?.PropertyNameCaseInsensitive ?? false }, new()
        {
            AllowTrailingCommas = options?.AllowTrailingCommas ?? false,
            CommentHandling = options?.ReadCommentHandling == JsonCommentHandling.Skip ? JsonCommentHandling.Skip : JsonCommentHandling.Disallow,
            MaxDepth = options?.MaxDepth ?? 0,
        });
        return node as JsonObject ?? throw new InvalidDataException($"the stored JSON is no object, and the upcaster from schema number {stored.SchemaVersion} reads an object");
    }

    private static object? Deserialize(EventType type, IEventSerializer reader, in SerializedEvent stored, JsonObject json, int number)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, new() { SkipValidation = true, MaxDepth = int.MaxValue })) json.WriteTo(writer);
        return reader.Deserialize(type, new(stored.Type, bytes.WrittenMemory, stored.ContentType, number, stored.Metadata.ToArray()));
    }
}
