using System.Globalization;

namespace EventSourcing;

/// <summary>A point in the past of a log: a version of a stream, a position, a point in time, or the present end. What happened at the point itself belongs to it. <c>default</c> is the point before the first event.</summary>
/// <example><c>await store.StateAsync&lt;Order&gt;("order-42", AsOf.Version(3))</c></example>
public readonly record struct AsOf
{
    private readonly long _number;

    private AsOf(AsOfKind kind, long number) => (Kind, _number) = (kind, number);

    /// <summary>The last event of the log at the time of the call that uses the point.</summary>
    public static AsOf Head => new(AsOfKind.Head, 0);

    internal AsOfKind Kind { get; }

    internal long VersionNumber => _number;

    internal GlobalPosition At => GlobalPosition.FromInt64(_number);

    internal DateTimeOffset Moment => new(_number, TimeSpan.Zero);

    /// <summary>After an event of a stream. For calls that concern one stream.</summary>
    /// <param name="version">The event's version, inclusive; 0: before the first event.</param>
    /// <exception cref="ArgumentOutOfRangeException">The version is negative.</exception>
    public static AsOf Version(long version)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        return new(AsOfKind.Version, version);
    }

    /// <summary>After an event of the log. For use in this process: what is kept outside it is a <see cref="ResumeToken"/>.</summary>
    /// <param name="position">The event's position, inclusive; <see cref="GlobalPosition.Start"/>: before the first event.</param>
    public static AsOf Position(GlobalPosition position) => new(AsOfKind.Position, position.ToInt64());

    /// <summary>After all events that were stored at a point in time or earlier (<see cref="EventEnvelope.Timestamp"/>, to the microsecond).</summary>
    /// <param name="time">The point in time, inclusive. Before the first event's time it is the point before the first event; in the future it is the log's head.</param>
    public static AsOf Time(DateTimeOffset time) => new(AsOfKind.Time, time.UtcTicks);

    /// <summary>The point, for people.</summary>
    public override string ToString() => Kind switch
    {
        AsOfKind.Version => string.Create(CultureInfo.InvariantCulture, $"version {_number}"),
        AsOfKind.Position => $"position {At}",
        AsOfKind.Time => string.Create(CultureInfo.InvariantCulture, $"{Moment:O}"),
        _ => "the head",
    };
}
