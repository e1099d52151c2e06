namespace EventSourcing.Storage;

/// <summary>An event as bytes, about to be appended.</summary>
public readonly struct LogEvent
{
    /// <summary>The stored type name, 1 to 512 bytes of UTF-8.</summary>
    public required string Type { get; init; }

    /// <summary>The payload.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>True when <see cref="Data"/> is JSON in UTF-8; false for anything else.</summary>
    public bool IsJson { get; init; }

    /// <summary>The form of <see cref="Data"/>, as a media type; null for JSON, or where no media type is given.</summary>
    public string? ContentType { get; init; }

    /// <summary>The schema number of the event's type, 1 or more; 0 means 1.</summary>
    public int SchemaVersion { get; init; }

    /// <summary>A JSON object of strings in UTF-8, or empty.</summary>
    public ReadOnlyMemory<byte> Metadata { get; init; }

    /// <summary>The event's id, unique in the log; null lets the log give one.</summary>
    public Guid? Id { get; init; }

    /// <summary>When it happened, as the caller gives it; stored in UTC to the microsecond. Null: not given.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>The correlation id, common to one user's operation and all that it caused; or null.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The event or command that led to this event, or null.</summary>
    public string? CausationId { get; init; }

    /// <summary>The tags, each once; null for none.</summary>
    public IReadOnlyList<Tag>? Tags { get; init; }
}
