using System.Buffers;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Reads pages without a lock.</summary>
internal static class PageReader
{
    // The number of events that a selective query may examine before the page is returned, full or not.
    private const int MaxExamined = 16_384;

    internal static LogPage Read(EventTable events, LogRead read) => Read(events, read, events.Head);

    /// <summary>Reads up to a position that lies after the published head inside a transaction.</summary>
    internal static LogPage Read(EventTable events, LogRead read, int head)
    {
        var bounds = new PageBounds(events, read, head);
        return read is RangeRead range ? Read(events, range, bounds) : ReadOne(events, events.Find(((EventRead)read).EventId, bounds.Head), bounds);
    }

    private static InMemoryPage Read(EventTable events, RangeRead read, PageBounds bounds)
    {
        if (bounds.Size == 0) return new InMemoryPage(default, isRented: false, bounds, next: null, TokenOf(events, read, bounds, next: null));
        if (!bounds.IsStream && bounds.Forward && read.Query is null or { IsAll: true }) return ReadRun(events, read, bounds);

        var page = ArrayPool<RecordedEvent>.Shared.Rent(Math.Min(read.MaxCount, bounds.Size));
        var candidates = new QueryCandidates(events, bounds.IsStream ? null : read.Query, bounds.Head, bounds.First, bounds.Forward);
        var (count, bytes, examined, step) = (0, 0L, 0, bounds.Forward ? 1 : -1);
        var number = candidates.Next(bounds.First);
        for (; bounds.Contains(number); number = candidates.Next(number + step))
        {
            if (count == read.MaxCount || bytes >= read.MaxBytes || examined++ == MaxExamined) break;
            var position = bounds.PositionOf(number);
            ref readonly var e = ref events[position];
            if (e.IsErased()) continue;
            if (read.Query is { } query && !query.Matches(e.Type, e.StreamId, e.Tags ?? [])) continue;
            page[count++] = e;
            bytes += e.Data.Length + e.Metadata.Length;
        }

        int? next = bounds.Contains(number) ? number : null;
        return new InMemoryPage(new(page, 0, count), isRented: true, bounds, next, TokenOf(events, read, bounds, next));
    }

    // Events are adjacent in the log's memory and never change where readers see them, so nothing is copied.
    private static InMemoryPage ReadRun(EventTable events, RangeRead read, PageBounds bounds)
    {
        var first = bounds.First;
        while (first <= bounds.Last && events[first].IsErased()) first++;
        if (first > bounds.Last) return new(default, isRented: false, bounds, next: null, TokenOf(events, read, bounds, next: null));
        var run = events.Run(first, bounds.Last, read.MaxCount, read.MaxBytes);
        int? next = first + run.Count <= bounds.Last ? first + run.Count : null;
        return new(run, isRented: false, bounds, next, TokenOf(events, read, bounds, next));
    }

    private static InMemoryPage ReadOne(EventTable events, int position, PageBounds bounds) =>
        new(position == 0 || events[position].IsErased() ? default : events.Run(position, position, 1, LogRead.DefaultMaxBytes), isRented: false, bounds, next: null, token: default);

    private static ResumeToken TokenOf(EventTable events, RangeRead read, in PageBounds bounds, int? next) =>
        read.IncludeToken && (bounds.Size > 0 || !bounds.IsStream) ? events.TokenAt(bounds.PositionOf(bounds.HighestExamined(next))) : default;
}
