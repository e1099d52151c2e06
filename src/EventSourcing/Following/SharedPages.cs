using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>Pages that several readers of this process read at about the same time. The first reader that needs a page reads it from the log; the others share it.</summary>
/// <remarks>
/// A page ends where a multiple of its size does, so that readers that started at different positions use the same pages. It holds all events, and each reader
/// selects its own. While more than one reader is behind, the pages that a reader needs next are kept. When there are too many, the pages with the shortest distance
/// from the nearest active reader before them are kept. Pages at the head are not shared: every reader at the tail sees what is stored when it asks.
/// </remarks>
internal sealed class SharedPages(IEventLog log)
{
    internal const int PageSize = 1000;
    private const int Window = 24;

    // A reader that asked for nothing while this many pages were shared is busy with its events. No page is kept for it, because it would need the page only much later.
    private const int SharedAtRest = 4 * Window;

    // A reader that is behind the others by less than the first number finds the pages that they read. Beyond the last number it would take too long to reach them.
    private const int Together = 2 * PageSize, Apart = 100 * PageSize;

    private readonly Lock _lock = new();
    private readonly List<SharedPage> _window = [];
    private readonly List<SharedReader> _behind = [];
    private long _shared, _head;
    private volatile bool _isWorthwhile;

    /// <summary>The number of pages that were shared so far.</summary>
    internal long Shared => Volatile.Read(ref _shared);

    /// <summary>True when there is another reader to share with.</summary>
    internal bool IsWorthwhile => _isWorthwhile;

    /// <summary>The head of the log at the last read.</summary>
    internal long Head
    {
        get => Volatile.Read(ref _head);
        set => Volatile.Write(ref _head, value);
    }

    /// <summary>Reads a page from the log. All readers that follow the log call this method.</summary>
    /// <param name="query">Which events; null for all.</param>
    /// <param name="pageSize">The maximum number of events in the page.</param>
    /// <param name="from">The first position.</param>
    /// <param name="through">The last position; 0 for the head.</param>
    /// <param name="token">The latest token that was read: the page belongs to a history that contains it.</param>
    /// <param name="cancellationToken">Ends the wait for a reader of the log.</param>
    /// <exception cref="LogDivergedException">The log has another history than the token.</exception>
    internal async ValueTask<LogPage> AskAsync(LogQuery? query, int pageSize, long from, long through, ResumeToken token, CancellationToken cancellationToken)
    {
        var page = await log.ReadAsync(Range(query, pageSize, from, through) with { Token = token, IncludeToken = true }, cancellationToken).ConfigureAwait(false);
        Head = page.Head.ToInt64();
        return page;
    }

    /// <summary>The events between two positions, both inclusive.</summary>
    internal IAsyncEnumerable<RecordedEvent> ReadEventsAsync(LogQuery? query, int pageSize, long from, long through, CancellationToken cancellationToken) =>
        log.ReadEventsAsync(Range(query, pageSize, from, through), cancellationToken);

    /// <summary>Waits until an event is stored after a position.</summary>
    internal ValueTask WaitAsync(long after, CancellationToken cancellationToken) => log.WaitAsync(GlobalPosition.FromInt64(after), cancellationToken);

    /// <summary>Adds a reader that is behind the head.</summary>
    internal void Enter(SharedReader reader)
    {
        lock (_lock)
        {
            _behind.Add(reader);
            _isWorthwhile = _behind.Count > 1;
        }
    }

    /// <summary>A reader has reached the head, or reads no more. Pages that no other reader needs soon are released, so a slow reader far behind keeps no pages in memory.</summary>
    internal void Leave(SharedReader reader)
    {
        lock (_lock)
        {
            _behind.Remove(reader);
            _isWorthwhile = _behind.Count > 1;
            LeaveOutFrom(_isWorthwhile ? (Window * PageSize) + 1 : 0);
        }
    }

    /// <summary>True when another reader is ahead of a position by a distance that a faster reader can make up.</summary>
    internal bool IsOvertaken(long from)
    {
        lock (_lock)
        {
            foreach (var reader in _behind)
                if (reader.Position - from is >= Together and < Apart) return true;
            return false;
        }
    }

    /// <summary>The events from a position to the end of its page; null when they are not shared and the reader has to read the log itself. Readers share a page when they come from the same place of the same history.</summary>
    internal async ValueTask<LogPage?> TryReadAsync(long from, ResumeToken token, LogQuery? query, CancellationToken cancellationToken)
    {
        var through = (((from - 1) / PageSize) + 1) * PageSize;
        var page = Find(from, token, out var isFirst);
        try
        {
            if (isFirst) await ReadAsync(page, through, cancellationToken).ConfigureAwait(false);
            else await page.IsRead.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (page.Page is { } read && read.Head.ToInt64() > through) return new PageView(page, read, through, query);
        }
        catch
        {
            page.Release();
            throw;
        }

        page.Release();
        return null;
    }

    private SharedPage Find(long from, ResumeToken token, out bool isFirst)
    {
        lock (_lock)
        {
            isFirst = false;
            foreach (var known in _window)
                if (known.From == from && known.Token == token) return known.Hold();
            isFirst = true;
            LeaveOutFrom(long.MaxValue);
            var page = new SharedPage(from, token);
            _window.Add(page.Hold());
            Volatile.Write(ref _shared, _shared + 1);
            if (_window.Count > Window) LeaveOutTheFarthest();
            return page;
        }
    }

    // Pages with this distance or a longer one.
    private void LeaveOutFrom(long way)
    {
        for (var i = _window.Count - 1; i >= 0; i--)
            if (WayTo(_window[i].From) >= way) LeaveOut(i);
    }

    private void LeaveOutTheFarthest()
    {
        var (farthest, longest) = (0, -1L);
        for (var i = 0; i < _window.Count; i++)
        {
            var way = WayTo(_window[i].From);
            if (way > longest) (farthest, longest) = (i, way);
        }

        LeaveOut(farthest);
    }

    private void LeaveOut(int index)
    {
        _window[index].Release();
        _window.RemoveAt(index);
    }

    // From the nearest active reader that has not passed it; the maximum when all have.
    private long WayTo(long from)
    {
        var nearest = long.MaxValue;
        foreach (var reader in _behind)
            if (reader.Position <= from && _shared - reader.AskedAt <= SharedAtRest) nearest = Math.Min(nearest, from - reader.Position);
        return nearest;
    }

    // The readers that wait for the page continue in any case: without a page they read the log themselves, and get its error.
    private async ValueTask ReadAsync(SharedPage page, long through, CancellationToken cancellationToken)
    {
        LogPage? read = null;
        try
        {
            read = await AskAsync(null, PageSize, page.From, through, page.Token, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (read is null || read.Head.ToInt64() <= through) Forget(page);
            page.Read(read);
        }
    }

    private static AllRead Range(LogQuery? query, int pageSize, long from, long through) => new()
    {
        Query = query,
        MaxCount = pageSize,
        AfterPosition = GlobalPosition.FromInt64(from - 1),
        ThroughPosition = through == 0 ? null : GlobalPosition.FromInt64(through),
    };

    private void Forget(SharedPage page)
    {
        lock (_lock)
            if (_window.Remove(page)) page.Release();
    }
}
