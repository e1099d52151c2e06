using System.Globalization;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Which part of the whole log to read: a range, and a direction in which to read it. The range means the same in both directions. Where several bounds are set, all of them hold.</summary>
/// <remarks>The options are read when the read is made; changes after that have no effect.</remarks>
/// <example><c>store.ReadAllAsync(query, new() { AfterToken = resumeToken, MaxCount = 100 })</c></example>
public sealed class ReadAllOptions
{
    /// <summary>Oldest first (<see cref="ReadDirection.Forward"/>, the default) or newest first.</summary>
    public ReadDirection Direction { get; set; }

    /// <summary>Only events after this position, exclusive, in either direction. Default null: from the beginning of the log. Beyond the head, the read fails with <see cref="PositionOutOfRangeException"/>.</summary>
    public GlobalPosition? AfterPosition { get; set; }

    /// <summary>Only events after this place, exclusive, in either direction: resumes with a token that was kept outside the process. The log first compares the event at this place, see <see cref="ResumeToken"/>. Default <see cref="ResumeToken.Start"/>: no such bound.</summary>
    public ResumeToken AfterToken { get; set; }

    /// <summary>Only events up to this position, inclusive, in either direction. Default null: to the head. Not below <see cref="AfterPosition"/> or <see cref="AfterToken"/>; equal to it, nothing is read.</summary>
    public GlobalPosition? ThroughPosition { get; set; }

    /// <summary>Only events whose <see cref="EventEnvelope.Timestamp"/> is this or later, inclusive. Default null: no such bound.</summary>
    public DateTimeOffset? FromTimestamp { get; set; }

    /// <summary>Only events whose <see cref="EventEnvelope.Timestamp"/> is this or earlier, inclusive. Default null: no such bound. Not before <see cref="FromTimestamp"/>.</summary>
    public DateTimeOffset? ThroughTimestamp { get; set; }

    /// <summary>The maximum number of events read, counted after every filter. 1 or more; default null: no maximum.</summary>
    public long? MaxCount { get; set; }

    /// <summary>Which events. With a query in the call, both must match. Default null: all that match the query.</summary>
    public EventFilter? Filter { get; set; }

    /// <summary>The position that the read begins after.</summary>
    internal GlobalPosition After => AfterPosition > AfterToken.Position ? AfterPosition.Value : AfterToken.Position;

    /// <summary>The timestamps that bound the read; null where there are none.</summary>
    internal LogBounds? Bounds => FromTimestamp is null && ThroughTimestamp is null ? null : new(FromTimestamp, ThroughTimestamp);

    /// <summary>Refuses options that no read can have.</summary>
    internal void Validate()
    {
        Require.Direction(Direction);
        Require.AtLeastOne(MaxCount, nameof(MaxCount));
        Require.Range(AfterPosition?.ToInt64() ?? 0, ThroughPosition?.ToInt64(), nameof(AfterPosition), nameof(ThroughPosition));
        Require.Range(AfterToken.Position.ToInt64(), ThroughPosition?.ToInt64(), nameof(AfterToken), nameof(ThroughPosition));
        if (FromTimestamp > ThroughTimestamp)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{nameof(FromTimestamp)} {FromTimestamp:O} lies after {nameof(ThroughTimestamp)} {ThroughTimestamp:O}: no event is in this range."), nameof(ThroughTimestamp));
    }
}
