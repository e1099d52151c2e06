using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>The part of the whole log between two points in time.</summary>
internal sealed class LogBounds(DateTimeOffset? fromTimestamp, DateTimeOffset? throughTimestamp)
{
    /// <summary>The read, narrowed to the two times and the head; null when nothing lies between them.</summary>
    internal async ValueTask<AllRead?> NarrowAsync(IEventLog log, AllRead read, GlobalPosition head, CancellationToken cancellationToken)
    {
        if (read.AfterPosition > head) throw new PositionOutOfRangeException(read.AfterPosition, head);
        var (first, last) = read.Within(head.ToInt64());
        if (fromTimestamp is { } from)
            first = Math.Max(first, await FirstAtOrAfterAsync(log, Microseconds.Ceiling(from), head, cancellationToken).ConfigureAwait(false));
        if (throughTimestamp is { } until)
            last = Math.Min(last, await FirstAtOrAfterAsync(log, Microseconds.Floor(until) + 1, head, cancellationToken).ConfigureAwait(false) - 1);
        return first > last ? null : read with { AfterPosition = GlobalPosition.FromInt64(first - 1), ThroughPosition = GlobalPosition.FromInt64(last) };
    }

    /// <summary>The first position stored at a point in time or later; one after the head when there is none.</summary>
    internal static ValueTask<long> FirstFromAsync(IEventLog log, DateTimeOffset from, GlobalPosition head, CancellationToken cancellationToken) =>
        FirstAtOrAfterAsync(log, Microseconds.Ceiling(from), head, cancellationToken);

    /// <summary>The last position stored at a point in time or earlier; <see cref="GlobalPosition.Start"/> when there is none.</summary>
    internal static async ValueTask<GlobalPosition> LastThroughAsync(IEventLog log, DateTimeOffset through, GlobalPosition head, CancellationToken cancellationToken) =>
        GlobalPosition.FromInt64(await FirstAtOrAfterAsync(log, Microseconds.Floor(through) + 1, head, cancellationToken).ConfigureAwait(false) - 1);

    // Timestamps never fall with position, so a binary search over positions finds a time without an index.
    private static async ValueTask<long> FirstAtOrAfterAsync(IEventLog log, long microseconds, GlobalPosition head, CancellationToken cancellationToken)
    {
        var (low, high) = (1L, head.ToInt64() + 1);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var read = new AllRead { AfterPosition = GlobalPosition.FromInt64(middle - 1), MaxCount = 1, IncludeTags = false, ReuseBuffers = true };
            using var page = await log.ReadAsync(read, cancellationToken).ConfigureAwait(false);
            if (page.Events.IsEmpty || Microseconds.Floor(page.Events[0].Timestamp) >= microseconds) high = middle;
            else low = page.Events[0].Position.ToInt64() + 1;
        }

        return low;
    }
}
