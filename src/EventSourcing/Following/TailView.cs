using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>A view of a shared page for one reader: the events from a position on.</summary>
internal sealed class TailView : LogPage
{
    private readonly int _first;
    private SharedPage? _page;

    /// <param name="page">The page, which the view releases when it is disposed.</param>
    /// <param name="read">The page's events.</param>
    /// <param name="from">The position.</param>
    internal TailView(SharedPage page, LogPage read, long from)
    {
        _page = page;
        (Head, Generation, Next, IsLast, Token) = (read.Head, read.Generation, read.Next, read.IsLast, read.Token);
        var events = read.Events;
        while (_first < events.Length && events[_first].Position.ToInt64() < from) _first++;
    }

    public override ReadOnlySpan<RecordedEvent> Events => _page is null ? default : _page.Page!.Events[_first..];

    protected override void Dispose(bool disposing) => Interlocked.Exchange(ref _page, null)?.Release();
}
