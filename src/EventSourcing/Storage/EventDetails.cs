namespace EventSourcing.Storage;

/// <summary>The parts of a recorded event that many events do not have. Events with equal details may share one object.</summary>
public sealed record EventDetails
{
    /// <summary>For logs: the details of an event.</summary>
    /// <param name="occurredAt">When it happened, as the caller gave it: UTC, microseconds; null when the caller gave no time.</param>
    /// <param name="correlationId">The correlation id, or null.</param>
    /// <param name="causationId">The causation id, or null.</param>
    /// <param name="tags">The tags in the order they were given; null for none.</param>
    public EventDetails(DateTimeOffset? occurredAt, string? correlationId, string? causationId, IReadOnlyList<Tag>? tags) =>
        (OccurredAt, CorrelationId, CausationId, Tags) = (occurredAt, correlationId, causationId, tags);

    /// <summary>When it happened, as the caller gave it: UTC, microseconds; null when the caller gave no time.</summary>
    public DateTimeOffset? OccurredAt { get; }

    /// <summary>The correlation id, or null.</summary>
    public string? CorrelationId { get; }

    /// <summary>The causation id, or null.</summary>
    public string? CausationId { get; }

    /// <summary>The tags in the order they were given; null for none. It is the list that the constructor was given; do not change it.</summary>
    public IReadOnlyList<Tag>? Tags { get; }

    /// <summary>The form of the data, as a media type; null for JSON, or where no media type was given.</summary>
    public string? ContentType { get; init; }

    /// <summary>The schema number of the event's type, 1 or more.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>The details, or null when all parts are absent.</summary>
    /// <param name="occurredAt">When it happened, or null.</param>
    /// <param name="correlationId">The correlation id, or null.</param>
    /// <param name="causationId">The causation id, or null.</param>
    /// <param name="tags">The tags, or null.</param>
    public static EventDetails? Of(DateTimeOffset? occurredAt, string? correlationId, string? causationId, IReadOnlyList<Tag>? tags) =>
        occurredAt is null && correlationId is null && causationId is null && tags is null ? null : new(occurredAt, correlationId, causationId, tags);
}
