using EventSourcing.Storage;

namespace EventSourcing.Benchmarks;

/// <summary>Reads a log page by page, every field touched.</summary>
internal static class LogReading
{
    /// <summary>Reads everything that a read asks for and returns the number of events.</summary>
    public static async ValueTask<long> ReadAsync(IEventLog log, RangeRead read)
    {
        var count = 0L;
        for (var next = read; next is not null;)
        {
            using var page = await log.ReadAsync(next, CancellationToken.None);
            count += Touch(page.Events);
            next = next.Next(page);
        }

        return count;
    }

    private static long Touch(ReadOnlySpan<RecordedEvent> events)
    {
        var sum = 0L;
        foreach (ref readonly var e in events)
            sum += e.Position.ToInt64() + e.Version + e.Timestamp.Ticks + e.Data.Length + e.Metadata.Length + e.Type.Length + e.StreamId.Value.Length;
        return sum == 0 ? 0 : events.Length;
    }
}
