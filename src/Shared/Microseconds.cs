namespace EventSourcing.Storage;

/// <summary>Times as logs keep them: to the microsecond; the kept time is never later than the given time. The one place for floor and ceiling, at both ends of the calendar.</summary>
internal static class Microseconds
{
    // Ticks count from the year 1 and are never negative: their division is a floor for every time.
    private const long Epoch = 621_355_968_000_000_000 / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds from the year 1 to a time, rounded down.</summary>
    internal static long Floor(DateTimeOffset time) => time.UtcTicks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds from the year 1 to a time, rounded up. For the last microsecond of the calendar, the result is after its end.</summary>
    internal static long Ceiling(DateTimeOffset time) => (time.UtcTicks + TimeSpan.TicksPerMicrosecond - 1) / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds from 1970 to a time, rounded down; negative before.</summary>
    internal static long SinceEpoch(DateTimeOffset time) => Floor(time) - Epoch;

    /// <summary>The time at microseconds from 1970.</summary>
    internal static DateTimeOffset FromEpoch(long microseconds) => new((microseconds + Epoch) * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);

    /// <summary>A time in UTC, rounded down to the microsecond.</summary>
    internal static DateTimeOffset Truncate(DateTimeOffset time) => new(Floor(time) * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);
}
