namespace EventSourcing;

/// <summary>A stored event as a serializer reads it: the bytes, and what is known of their form. Valid during the call only.</summary>
public readonly ref struct SerializedEvent
{
    private readonly ReadOnlyMemory<byte> _data;
    private readonly ReadOnlyMemory<byte> _metadata;

    /// <summary>An event to be read; for tests of serializers, and for code that reads stored bytes itself.</summary>
    /// <param name="type">The stored type name.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="contentType">The media type that was stored with them; null where none was.</param>
    /// <param name="schemaVersion">The schema number that was stored with them, 1 or more.</param>
    /// <param name="metadata">A JSON object in UTF-8, or empty.</param>
    /// <exception cref="ArgumentOutOfRangeException">The schema number is below 1.</exception>
    public SerializedEvent(string type, ReadOnlyMemory<byte> data, string? contentType = null, int schemaVersion = 1, ReadOnlyMemory<byte> metadata = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentOutOfRangeException.ThrowIfLessThan(schemaVersion, 1);
        (Type, _data, ContentType, SchemaVersion, _metadata) = (type, data, contentType, schemaVersion, metadata);
    }

    /// <summary>The stored type name: the entry's name, or an alias of it.</summary>
    public string Type { get; }

    /// <summary>The schema number of the type when the event was stored, 1 or more.</summary>
    public int SchemaVersion { get; }

    /// <summary>The media type that was stored with the event; null for <c>application/json</c>, and for an event stored before media types were.</summary>
    public string? ContentType { get; }

    /// <summary>The event's bytes.</summary>
    public ReadOnlySpan<byte> Data => _data.Span;

    /// <summary>The event's metadata: a JSON object in UTF-8, or empty.</summary>
    public ReadOnlySpan<byte> Metadata => _metadata.Span;
}
