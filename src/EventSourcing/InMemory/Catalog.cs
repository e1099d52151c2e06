using System.Collections.Frozen;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>The sorted list of a table's streams, and its statistics. Thread-safe; does not take the writer's lock.</summary>
internal sealed class Catalog(EventTable events)
{
    // Streams are never removed, so their number tells whether the list is complete.
    private volatile StreamIndex[] _sorted = [];

    internal IReadOnlyList<StreamInfo> Streams(string? category, StreamId after, int max)
    {
        var head = events.Head;
        var page = new List<StreamInfo>();
        var sorted = Sorted();
        // The streams of a category are its name itself and the names that begin with it and a dash; the dot is the character after the dash.
        var end = category + ".";
        for (var i = First(sorted, category, after); i < sorted.Length && page.Count < max; i++)
        {
            var id = sorted[i].Id;
            if (category is not null && Utf8Order.Instance.Compare(id.Value, end) >= 0) break;
            if (category is not null && !id.IsInCategory(category)) continue;
            if (InfoOf(sorted[i], head) is { } info) page.Add(info);
        }

        return page;
    }

    internal LogStatistics Statistics()
    {
        while (true)
        {
            var (generation, head) = (events.Generation, events.Head);
            var byType = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var type in events.Types)
                if (Count(type.Items, head) is var count and > 0) byType[type.Name] = count;
            var streams = Sorted().LongCount(stream => PositionList.CountThrough(stream.Items, head) > 0);
            if (generation != events.Generation) continue;
            var stored = byType.Values.Sum();
            return new()
            {
                Head = GlobalPosition.FromInt64(head),
                EventCount = stored,
                ErasedEventCount = head - stored,
                StreamCount = streams,
                EventsByType = byType.ToFrozenDictionary(StringComparer.Ordinal),
                Generation = generation,
            };
        }
    }

    private long Count(int[] positions, int head)
    {
        var through = PositionList.CountThrough(positions, head);
        if (!events.HasErased) return through;
        var count = 0L;
        foreach (var position in positions.AsSpan(0, through))
            if (!events[position].IsErased()) count++;
        return count;
    }

    private StreamInfo? InfoOf(StreamIndex stream, int head)
    {
        var positions = stream.Items;
        var version = PositionList.CountThrough(positions, head);
        // A stream whose first append was rolled back.
        if (version == 0) return null;
        // Events are erased from the beginning of a stream: if the last one is erased, all are.
        ref readonly var last = ref events[positions[version - 1]];
        return last.IsErased() ? new(stream.Id, version, GlobalPosition.Start, null) : new(stream.Id, version, last.Position, last.Timestamp);
    }

    private StreamIndex[] Sorted()
    {
        var sorted = _sorted;
        if (sorted.Length == events.StreamCount) return sorted;
        sorted = [.. events.Streams];
        Array.Sort(sorted, static (x, y) => Utf8Order.Instance.Compare(x.Id.Value, y.Id.Value));
        return _sorted = sorted;
    }

    /// <summary>The index of the first stream of a category whose name sorts after another.</summary>
    private static int First(StreamIndex[] sorted, string? category, StreamId after)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var name = sorted[middle].Id.Value;
            var isBefore = (!after.IsDefault && Utf8Order.Instance.Compare(name, after.Value) <= 0) || (category is not null && Utf8Order.Instance.Compare(name, category) < 0);
            if (isBefore) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
