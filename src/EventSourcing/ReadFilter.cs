namespace EventSourcing;

/// <summary>Filters of a read that are no part of a condition: all that are set must hold.</summary>
public sealed record ReadFilter
{
    /// <summary>Only events of this actor; null for any.</summary>
    public string? Actor { get; init; }

    /// <summary>Only events of this correlation id; null for any.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Only events for which this is true; null for any. Called in reading order, on the reader's thread.</summary>
    public Func<EventEnvelope, bool>? Where { get; init; }

    internal bool Admits(EventEnvelope e) =>
        (CorrelationId is null || e.CorrelationId == CorrelationId)
        && (Actor is null || e.Actor == Actor)
        && (Where is null || Where(e));
}
