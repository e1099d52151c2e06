using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>How the table makes and compares recorded events.</summary>
internal static class StoredEvent
{
    internal static bool HasContentOf(this in RecordedEvent stored, StreamId stream, in LogEvent e) =>
        stored.StreamId == stream && stored.Type == e.Type && stored.Data.Span.SequenceEqual(e.Data.Span);

    /// <summary>What the event says beyond the usual; the neighbour's object where it says the same.</summary>
    internal static EventDetails? DetailsOf(in LogEvent e, EventDetails? neighbour)
    {
        var tags = e.Tags is { Count: > 0 } given ? given.ToArray() : null;
        var occurredAt = Microseconds.Truncate(e.OccurredAt);
        if (tags is null && neighbour is { Tags: null } && neighbour.OccurredAt == occurredAt
            && neighbour.CorrelationId == e.CorrelationId && neighbour.CausationId == e.CausationId) return neighbour;
        return EventDetails.Of(occurredAt, e.CorrelationId, e.CausationId, tags);
    }
}
