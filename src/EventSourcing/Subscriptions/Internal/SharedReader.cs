using System.Diagnostics;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>Reads the log forward page by page for one runner or listener, together with others where they are at the same place. Used by one loop at a time.</summary>
internal sealed class SharedReader(SharedPages pages, LogQuery? query, int pageSize)
{
    // Pages and handlers may all complete at once, and others wait for the thread pool.
    private const int EventsOfTurn = 128;

    // Most handlers have done with a page by then; slow ones must not keep the thread for it.
    private static readonly long s_longTurn = Stopwatch.Frequency / 500;

    private readonly AllRead _read = new() { Query = query, MaxCount = pageSize };

    // Tags lead straight to their events, where others would have to look at all.
    private readonly bool _isShareable = pageSize == SharedPages.PageSize && query?.Items.Any(item => item.Tags.Count > 0) != true;
    private long _position, _askedAt, _keepsThreadUntil;
    private bool _isBehind;

    /// <summary>The position that was asked for last.</summary>
    internal long Position => Volatile.Read(ref _position);

    /// <summary>How many pages had been shared when it asked last.</summary>
    internal long AskedAt => Volatile.Read(ref _askedAt);

    /// <summary>True when others that wait for the thread should get it. A reader behind others keeps it for longer, so that it meets them again and shares what they read.</summary>
    /// <param name="handled">How many events of the page were handled.</param>
    internal bool IsTurnOver(int handled) =>
        handled % EventsOfTurn == 0 && ThreadPool.PendingWorkItemCount > 0 && Stopwatch.GetTimestamp() >= _keepsThreadUntil;

    /// <summary>The next events from a position on.</summary>
    internal async ValueTask<LogPage> ReadAsync(long from, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _position, from);
        Volatile.Write(ref _askedAt, pages.Shared);
        var isSharing = _isShareable && _isBehind && pages.IsWorthwhile;
        _keepsThreadUntil = isSharing && pages.IsOvertaken(from) ? Stopwatch.GetTimestamp() + s_longTurn : 0;
        if (isSharing && await pages.TryReadAsync(from, query, cancellationToken).ConfigureAwait(false) is { } shared) return shared;
        var page = await pages.Log.ReadAsync(_read with { AfterPosition = GlobalPosition.FromInt64(from - 1) }, cancellationToken).ConfigureAwait(false);
        if (_isBehind == page.IsLast) Turn(!page.IsLast);
        return page;
    }

    /// <summary>True when the log holds an event between two positions, both inclusive, that is asked for and that a predicate takes. Reads beside the pages; any thread may ask.</summary>
    internal async ValueTask<bool> HasAnyAsync(long from, long through, Func<RecordedEvent, bool> predicate, CancellationToken cancellationToken)
    {
        if (from > through) return false;
        var range = _read with { AfterPosition = GlobalPosition.FromInt64(from - 1), ThroughPosition = GlobalPosition.FromInt64(through) };
        await foreach (var e in pages.Log.ReadEventsAsync(range, cancellationToken).ConfigureAwait(false))
            if (predicate(e)) return true;
        return false;
    }

    /// <summary>Nothing is read for now.</summary>
    internal void Rest()
    {
        if (_isBehind) Turn(false);
    }

    private void Turn(bool isBehind)
    {
        _isBehind = isBehind;
        if (!_isShareable) return;
        if (isBehind) pages.Enter(this);
        else pages.Leave(this);
    }
}
