using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>The part of the whole log between two positions and two moments.</summary>
internal sealed class LogBounds(ReadAllOptions options)
{
    /// <summary>The read, narrowed to the bounds and the head; null when nothing lies between them.</summary>
    internal async ValueTask<LogRead?> NarrowAsync(IEventLog log, LogRead read, GlobalPosition head, CancellationToken cancellationToken)
    {
        if (options.AfterPosition > head) throw new LogTruncatedException(options.AfterPosition.Value, head);
        var first = options.AfterPosition?.ToInt64() + 1 ?? 1;
        var last = options.ThroughPosition is { } through && through < head ? through.ToInt64() : head.ToInt64();
        if (options.FromMoment is { } from)
            first = Math.Max(first, await FirstAtOrAfterAsync(log, Microseconds.Ceiling(from), head, cancellationToken).ConfigureAwait(false));
        if (options.ThroughMoment is { } until)
            last = Math.Min(last, await FirstAtOrAfterAsync(log, Microseconds.Floor(until) + 1, head, cancellationToken).ConfigureAwait(false) - 1);
        if (first > last) return null;
        return read.Direction == ReadDirection.Forward ? read with { From = first, Through = last } : read with { From = last, Through = first };
    }

    /// <summary>The first position stored at a moment or later; one after the head when there is none.</summary>
    internal static ValueTask<long> FirstFromAsync(IEventLog log, DateTimeOffset from, GlobalPosition head, CancellationToken cancellationToken) =>
        FirstAtOrAfterAsync(log, Microseconds.Ceiling(from), head, cancellationToken);

    // Timestamps never fall with position, so a binary search over positions finds a moment without an index.
    private static async ValueTask<long> FirstAtOrAfterAsync(IEventLog log, long microseconds, GlobalPosition head, CancellationToken cancellationToken)
    {
        var (low, high) = (1L, head.ToInt64() + 1);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var read = new LogRead { From = middle, MaxCount = 1, IncludeTags = false, ReuseBuffers = true };
            using var page = await log.ReadAsync(read, cancellationToken).ConfigureAwait(false);
            if (page.Events.IsEmpty || Microseconds.Floor(page.Events[0].Timestamp) >= microseconds) high = middle;
            else low = page.Events[0].Position.ToInt64() + 1;
        }

        return low;
    }
}
