using System.Buffers;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Reads pages without a lock.</summary>
internal static class PageReader
{
    // What a selective query may look at before the page is handed over, full or not.
    private const int MaxExamined = 16_384;

    internal static LogPage Read(EventTable events, LogRead read)
    {
        var bounds = new PageBounds(events, read);
        if (read.EventId is { } id) return ReadOne(events, events.Find(id, bounds.Head), read, bounds);
        if (bounds.Size == 0) return new InMemoryPage(null, 0, bounds, next: null);

        var page = ArrayPool<RecordedEvent>.Shared.Rent(Math.Min(read.MaxCount, bounds.Size));
        var candidates = new Candidates(events, bounds.IsStream ? null : read.Query, bounds.Head, bounds.First, bounds.Forward);
        var (count, bytes, examined, step) = (0, 0L, 0, bounds.Forward ? 1 : -1);
        var number = candidates.Next(bounds.First);
        for (; bounds.Contains(number); number = candidates.Next(number + step))
        {
            if (count == read.MaxCount || bytes >= read.MaxBytes || examined++ == MaxExamined) break;
            var position = bounds.PositionOf(number);
            ref readonly var e = ref events[position];
            if (read.Query is { } query && !query.Matches(e.Type.Name, e.Stream.Id, e.Tags)) continue;
            page[count++] = e.ToRecorded(position, read.IncludeTags);
            bytes += e.Bytes;
        }

        return new InMemoryPage(page, count, bounds, bounds.Contains(number) ? number : null);
    }

    private static InMemoryPage ReadOne(EventTable events, int position, LogRead read, PageBounds bounds)
    {
        if (position == 0) return new(null, 0, bounds, next: null);
        var page = ArrayPool<RecordedEvent>.Shared.Rent(1);
        page[0] = events[position].ToRecorded(position, read.IncludeTags);
        return new(page, 1, bounds, next: null);
    }
}
