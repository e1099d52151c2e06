namespace EventSourcing.Storage;

/// <summary>Times as logs keep them: to the microsecond, never later than they were said. The one place for floor and ceiling, at both ends of the calendar.</summary>
internal static class Microseconds
{
    // Ticks count from the year 1 and are never negative: a division of theirs is a floor for every moment.
    private const long Epoch = 621_355_968_000_000_000 / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds from the year 1 to a moment, rounded down.</summary>
    internal static long Floor(DateTimeOffset moment) => moment.UtcTicks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds from the year 1 to a moment, rounded up; of the last moments, one that is after the end of the calendar.</summary>
    internal static long Ceiling(DateTimeOffset moment) => (moment.UtcTicks + TimeSpan.TicksPerMicrosecond - 1) / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds from 1970 to a moment, rounded down; negative before.</summary>
    internal static long SinceEpoch(DateTimeOffset moment) => Floor(moment) - Epoch;

    /// <summary>The moment at microseconds from 1970.</summary>
    internal static DateTimeOffset FromEpoch(long microseconds) => new((microseconds + Epoch) * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);

    /// <summary>A moment in UTC, rounded down to the microsecond.</summary>
    internal static DateTimeOffset Truncate(DateTimeOffset moment) => new(Floor(moment) * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);
}
