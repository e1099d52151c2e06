using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>Pages that several readers of this process go through at about the same time: read from the log once, by the first who asks.</summary>
/// <remarks>
/// A page ends where a multiple of its size does, so that readers who began apart meet at the same pages; it holds all events, and each reader
/// picks its own. The last pages are kept while more than one reader is behind. What lies at the head is not shared: every reader at the tail sees what
/// is stored when it asks.
/// </remarks>
internal sealed class SharedPages(IEventLog log)
{
    internal const int PageSize = 1000;
    private const int Window = 24;

    private readonly Lock _lock = new();
    private readonly List<SharedPage> _window = [];
    private int _behind;

    internal IEventLog Log => log;

    /// <summary>True when there is somebody to share with.</summary>
    internal bool IsWorthwhile => Volatile.Read(ref _behind) > 1;

    /// <summary>A reader has fallen behind the head, or has reached it or ended.</summary>
    internal void Count(bool isBehind)
    {
        lock (_lock)
        {
            _behind += isBehind ? 1 : -1;
            if (_behind > 1) return;
            foreach (var page in _window) page.Release();
            _window.Clear();
        }
    }

    /// <summary>The events from a position to the end of its page; null when they are not to be shared, for the reader to ask the log itself.</summary>
    internal async ValueTask<LogPage?> TryReadAsync(long from, EventQuery? query, CancellationToken cancellationToken)
    {
        var through = (((from - 1) / PageSize) + 1) * PageSize;
        var page = Find(from, out var isFirst);
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

    private SharedPage Find(long from, out bool isFirst)
    {
        lock (_lock)
        {
            isFirst = false;
            foreach (var known in _window)
                if (known.From == from) return known.Hold();
            isFirst = true;
            if (_window.Count == Window)
            {
                _window[0].Release();
                _window.RemoveAt(0);
            }

            var page = new SharedPage(from);
            _window.Add(page.Hold());
            return page;
        }
    }

    // Whatever comes of it, those who wait for it go on: without a page they ask the log, and meet its error themselves.
    private async ValueTask ReadAsync(SharedPage page, long through, CancellationToken cancellationToken)
    {
        LogPage? read = null;
        try
        {
            read = await log.ReadAsync(new() { From = page.From, Through = through, MaxCount = PageSize }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (read is null || read.Head.ToInt64() <= through) Forget(page);
            page.Read(read);
        }
    }

    private void Forget(SharedPage page)
    {
        lock (_lock)
            if (_window.Remove(page)) page.Release();
    }
}
