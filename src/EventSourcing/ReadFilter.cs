using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Filters of a read that are no part of a condition: all that are set must hold.</summary>
/// <remarks>An event of another actor or correlation is not decoded: its type need not be known.</remarks>
public sealed record ReadFilter
{
    /// <summary>Only events of this actor; null for any.</summary>
    public string? Actor { get; init; }

    /// <summary>Only events of this correlation id; null for any.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Only events for which this is true; null for any. Called in reading order, on the reader's thread.</summary>
    public Func<EventEnvelope, bool>? Where { get; init; }

    /// <summary>What can be judged without decoding the event: one that is not asked for is never decoded.</summary>
    internal bool Admits(in RecordedEvent e) =>
        (CorrelationId is null || e.CorrelationId == CorrelationId)
        && (Actor is null || EventMetadata.Read(e.Metadata, e.Type, e.StreamId, e.Position).Actor == Actor);
}
