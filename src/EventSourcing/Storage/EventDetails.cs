namespace EventSourcing.Storage;

/// <summary>The parts of a recorded event that many events do not have. Events that say the same may share one.</summary>
/// <param name="OccurredAt">When it happened, as the caller said: UTC, microseconds; null where nothing was said.</param>
/// <param name="CorrelationId">The correlation id, or null.</param>
/// <param name="CausationId">The causation id, or null.</param>
/// <param name="Tags">The tags in the order they were given; null for none.</param>
public sealed record EventDetails(DateTimeOffset? OccurredAt, string? CorrelationId, string? CausationId, IReadOnlyList<Tag>? Tags)
{
    /// <summary>The form of the data, as a media type; null for JSON, or where the form was not named.</summary>
    public string? ContentType { get; init; }

    /// <summary>The schema number of the event's type, 1 or more.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>The details, or null when there is nothing to say.</summary>
    /// <param name="occurredAt">When it happened, or null.</param>
    /// <param name="correlationId">The correlation id, or null.</param>
    /// <param name="causationId">The causation id, or null.</param>
    /// <param name="tags">The tags, or null.</param>
    public static EventDetails? Of(DateTimeOffset? occurredAt, string? correlationId, string? causationId, IReadOnlyList<Tag>? tags) =>
        occurredAt is null && correlationId is null && causationId is null && tags is null ? null : new(occurredAt, correlationId, causationId, tags);
}
