namespace EventSourcing.Storage;

/// <summary>The parts of a recorded event that many events do not have. Events that say the same may share one.</summary>
public sealed record EventDetails
{
    /// <summary>For logs: the details of an event.</summary>
    /// <param name="occurredAt">When it happened, as the caller said: UTC, microseconds; null where nothing was said.</param>
    /// <param name="correlationId">The correlation id, or null.</param>
    /// <param name="causationId">The causation id, or null.</param>
    /// <param name="tags">The tags in the order they were given; null for none.</param>
    public EventDetails(DateTimeOffset? occurredAt, string? correlationId, string? causationId, IReadOnlyList<Tag>? tags) =>
        (OccurredAt, CorrelationId, CausationId, Tags) = (occurredAt, correlationId, causationId, tags);

    /// <summary>When it happened, as the caller said: UTC, microseconds; null where nothing was said.</summary>
    public DateTimeOffset? OccurredAt { get; }

    /// <summary>The correlation id, or null.</summary>
    public string? CorrelationId { get; }

    /// <summary>The causation id, or null.</summary>
    public string? CausationId { get; }

    /// <summary>The tags in the order they were given; null for none. The list that the constructor was given, which is not to be changed.</summary>
    public IReadOnlyList<Tag>? Tags { get; }

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
