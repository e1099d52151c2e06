namespace EventSourcing.InMemory;

/// <summary>Times as logs keep them.</summary>
internal static class Microseconds
{
    internal static long Truncate(long ticks) => ticks - (ticks % TimeSpan.TicksPerMicrosecond);

    internal static DateTimeOffset? Truncate(DateTimeOffset? time) => time is { } t ? new(Truncate(t.UtcTicks), TimeSpan.Zero) : null;
}
