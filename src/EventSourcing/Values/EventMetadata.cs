using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>The context of an event: correlation, causation, actor, and headers of the application.</summary>
public sealed record EventMetadata
{
    internal const string ActorKey = "actor";
    internal const string TraceParentKey = "traceparent";

    /// <summary>No metadata.</summary>
    public static EventMetadata None { get; } = new();

    /// <summary>The correlation id: common to one user's operation and all that it caused: 1 to 512 bytes of UTF-8, or null.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The event or command that led to this event: 1 to 512 bytes of UTF-8, or null.</summary>
    public string? CausationId { get; init; }

    /// <summary>The user or system that did it: not empty, valid UTF-16, or null. Stored in the metadata as the header <c>actor</c>.</summary>
    public string? Actor { get; init; }

    /// <summary>Headers of the application's own, names and values valid UTF-16, no value null; none is called <c>actor</c>. The header <c>traceparent</c> is added where a recorded activity is current.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>This metadata, with missing parts taken from <paramref name="fallback"/>; headers are joined, this one's first.</summary>
    internal EventMetadata Or(EventMetadata fallback) => new()
    {
        CorrelationId = CorrelationId ?? fallback.CorrelationId,
        CausationId = CausationId ?? fallback.CausationId,
        Actor = Actor ?? fallback.Actor,
        Headers = Headers.Count == 0 ? fallback.Headers
            : fallback.Headers.Count == 0 ? Headers
            : Headers.Concat(fallback.Headers.Where(h => !Headers.ContainsKey(h.Key))).ToFrozenDictionary(),
    };

    internal bool HasHeaders => Actor is not null || Headers.Count > 0;

    /// <summary>Writes actor and headers as one JSON object of strings; nothing when there are none.</summary>
    internal void Write(IBufferWriter<byte> output)
    {
        if (!HasHeaders) return;
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        if (Actor is not null)
        {
            if (Actor.Length == 0) throw new ArgumentException("The actor must not be empty. Use null for no actor.", nameof(Actor));
            WellFormed.ThrowIfNot(Actor, "An actor", nameof(Actor));
            writer.WriteString(ActorKey, Actor);
        }

        foreach (var (key, value) in Headers)
        {
            if (key == ActorKey) throw new ArgumentException($"The header '{ActorKey}' is reserved: set {nameof(EventMetadata)}.{nameof(Actor)}.", nameof(Headers));
            WellFormed.ThrowIfNot(key, "A header's name", nameof(Headers));
            if (value is null) throw new ArgumentException($"The header '{key}' is null. Remove it, or set a text.", nameof(Headers));
            WellFormed.ThrowIfNot(value, $"The header '{key}'", nameof(Headers));
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote, or any JSON object: for values that are not strings, their JSON text.</summary>
    /// <exception cref="EventSerializationException">It is not a JSON object in UTF-8; the event is named.</exception>
    internal static EventMetadata Read(ReadOnlyMemory<byte> json, string type, StreamId stream, GlobalPosition position)
    {
        try
        {
            return Read(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter for text that is not UTF-8. Only events appended without the store can have it.
            throw new EventSerializationException(type, stream, position, e);
        }
    }

    private static EventMetadata Read(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty) return None;
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object) throw new JsonException("metadata is a JSON object");
        string? actor = null;
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            var value = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText();
            if (property.Name == ActorKey) actor = value;
            else headers[property.Name] = value;
        }

        return new() { Actor = actor, Headers = headers.AsReadOnly() };
    }
}
