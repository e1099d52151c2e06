using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Creates recorded events for the table.</summary>
internal static class StoredEvent
{
    /// <summary>True for the remainder of an erased event: it has no type.</summary>
    internal static bool IsErased(this in RecordedEvent stored) => stored.Type is null;

    /// <summary>The remainder of an event when it is erased.</summary>
    internal static RecordedEvent Erased(this in RecordedEvent stored) => new()
    {
        Position = stored.Position,
        StreamId = stored.StreamId,
        Version = stored.Version,
        Type = null!,
        Id = stored.Id,
        Mark = stored.Mark,
        Timestamp = stored.Timestamp,
        Data = ContentHash.Of(stored.StreamId, stored.Type, stored.Data.Span),
    };

    internal static int IndexOfErased(this Span<RecordedEvent> events)
    {
        for (var i = 0; i < events.Length; i++)
            if (events[i].IsErased()) return i;
        return -1;
    }

    /// <summary>The event's optional details. The previous event's object is shared where the details are equal.</summary>
    internal static EventDetails? DetailsOf(in LogEvent e, EventDetails? neighbour)
    {
        if (e.OccurredAt is null && e.CorrelationId is null && e.CausationId is null && e.Tags is not { Count: > 0 } && e.ContentType is null && e.SchemaVersion <= 1) return null;
        var tags = e.Tags is { Count: > 0 } given ? given.ToArray() : null;
        var occurredAt = e.OccurredAt is { } time ? Microseconds.Truncate(time) : default(DateTimeOffset?);
        if (tags is null && neighbour is { Tags: null } && neighbour.OccurredAt == occurredAt
            && neighbour.CorrelationId == e.CorrelationId && neighbour.CausationId == e.CausationId
            && neighbour.ContentType == e.ContentType && neighbour.SchemaVersion == Math.Max(1, e.SchemaVersion)) return neighbour;
        return new(occurredAt, e.CorrelationId, e.CausationId, tags) { ContentType = e.ContentType, SchemaVersion = Math.Max(1, e.SchemaVersion) };
    }
}
