using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Which part of the whole log to read. Positions, token and moments may be said together; the narrowest bound holds.</summary>
public sealed record ReadAllOptions
{
    internal static ReadAllOptions Default { get; } = new();

    /// <summary>Oldest first (default) or newest first.</summary>
    public ReadDirection Direction { get; init; }

    /// <summary>Only events after this position, exclusive, in either direction; null: from the beginning of the log.</summary>
    public GlobalPosition? AfterPosition { get; init; }

    /// <summary>Only events after this place, exclusive, in either direction: to resume with a token that was kept outside the process. The log first compares the event there, see <see cref="ResumeToken"/>. <see cref="ResumeToken.Start"/>, the default: no such bound.</summary>
    public ResumeToken AfterToken { get; init; }

    /// <summary>Only events up to this position, inclusive, in either direction; null: to the head.</summary>
    public GlobalPosition? ThroughPosition { get; init; }

    /// <summary>Only events stored at or after this moment (<see cref="EventEnvelope.Timestamp"/>), inclusive.</summary>
    public DateTimeOffset? FromMoment { get; init; }

    /// <summary>Only events stored at or before this moment (<see cref="EventEnvelope.Timestamp"/>), inclusive.</summary>
    public DateTimeOffset? ThroughMoment { get; init; }

    /// <summary>The most events read, counted after every filter, 1 or more; null: no bound.</summary>
    public long? MaxCount { get; init; }

    /// <summary>Further filters; null for none.</summary>
    public ReadFilter? Filter { get; init; }

    /// <summary>The positions read, as a log reads them; an empty range where the bounds cross.</summary>
    internal (GlobalPosition After, GlobalPosition? Through) Range
    {
        get
        {
            var after = AfterPosition > AfterToken.Position ? AfterPosition.Value : AfterToken.Position;
            return (after, ThroughPosition < after ? after : ThroughPosition);
        }
    }

    /// <summary>The moments that bound the read; null where there are none.</summary>
    internal LogBounds? Bounds => FromMoment is null && ThroughMoment is null ? null : new(FromMoment, ThroughMoment);
}
