using System.Buffers;
using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>A view of a shared page for one reader: the events that match its query.</summary>
internal sealed class PageView : LogPage
{
    private readonly RecordedEvent[]? _matching;
    private readonly int _count;
    private SharedPage? _page;

    /// <param name="page">The page, which the view releases when it is disposed.</param>
    /// <param name="read">The page's events: all from its first position through <paramref name="through"/>. The log has more events after it.</param>
    /// <param name="through">The last position of the page.</param>
    /// <param name="query">Which events; null for all.</param>
    internal PageView(SharedPage page, LogPage read, long through, LogQuery? query)
    {
        _page = page;
        (Head, Generation, Next, Token) = (read.Head, read.Generation, read.IsLast ? through + 1 : read.Next, read.Token);
        if (query is null || query.IsAll) return;
        var events = read.Events;
        // A page of which all events are used is not copied.
        while (_count < events.Length && Matches(query, events[_count])) _count++;
        if (_count == events.Length) return;
        _matching = ArrayPool<RecordedEvent>.Shared.Rent(events.Length);
        events[.._count].CopyTo(_matching);
        foreach (ref readonly var e in events[(_count + 1)..])
            if (Matches(query, e)) _matching[_count++] = e;
    }

    public override ReadOnlySpan<RecordedEvent> Events => _page is null ? default : _matching is null ? _page.Page!.Events : _matching.AsSpan(0, _count);

    private static bool Matches(LogQuery query, in RecordedEvent e) => query.Matches(e.Type, e.StreamId, []);

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _page, null) is not { } page) return;
        if (_matching is not null)
        {
            Array.Clear(_matching, 0, _count);
            ArrayPool<RecordedEvent>.Shared.Return(_matching);
        }

        page.Release();
    }
}
