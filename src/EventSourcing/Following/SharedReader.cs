using System.Diagnostics;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>Reads the log forward page by page for one runner or live subscription. Shares pages with other readers at the same place. Used by one loop at a time.</summary>
/// <param name="pages">The pages that readers behind the head share.</param>
/// <param name="query">Which events; null for all.</param>
/// <param name="pageSize">The maximum number of events in a page.</param>
/// <param name="tail">The tail that all partitions of one subscription share at the head; null for a reader that waits for the log itself.</param>
/// <param name="partition">The partition that it reads for.</param>
internal sealed class SharedReader(SharedPages pages, LogQuery? query, int pageSize, SharedTail? tail = null, int partition = 0)
{
    // Pages and handlers may all complete synchronously, and other work items wait for the thread.
    private const int EventsOfTurn = 128;

    // Most handlers have finished a page by then; slow ones must not keep the thread.
    private static readonly long s_longTurn = Stopwatch.Frequency / 500;

    // An index by tag finds the events directly; other queries would have to examine all events.
    private readonly bool _isShareable = pageSize == SharedPages.PageSize && query?.Items.Any(item => item.Tags.Count > 0) != true;
    private readonly TailPlace? _place = tail is null ? null : new(partition);
    private long _position, _askedAt, _keepsThreadUntil;
    private bool _isBehind;
    private ResumeToken _known;

    /// <summary>The position of the last read.</summary>
    internal long Position => Volatile.Read(ref _position);

    /// <summary>The number of shared pages at the last read.</summary>
    internal long AskedAt => Volatile.Read(ref _askedAt);

    /// <summary>True when the loop should give up its thread for others. A reader behind others keeps the thread for longer, so that it catches up with them and shares their pages.</summary>
    /// <param name="handled">The number of handled events of the page.</param>
    internal bool IsTurnOver(int handled) =>
        handled % EventsOfTurn == 0 && ThreadPool.PendingWorkItemCount > 0 && Stopwatch.GetTimestamp() >= _keepsThreadUntil;

    /// <summary>The latest token that was read.</summary>
    internal ResumeToken Known => _known;

    /// <summary>Adds a token that was read: every later page belongs to a history that contains it.</summary>
    internal void Know(in ResumeToken token) => _known = ResumeToken.Later(_known, token);

    /// <summary>Forgets the places that were seen: the next page may be of another history.</summary>
    internal void Forget() => _known = ResumeToken.Start;

    /// <summary>Reads the next events from a position on.</summary>
    /// <exception cref="LogDivergedException">The log no longer has the history that was read before.</exception>
    internal async ValueTask<LogPage> ReadAsync(long from, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _position, from);
        Volatile.Write(ref _askedAt, pages.Shared);
        var isSharing = _isShareable && _isBehind && pages.IsWorthwhile;
        _keepsThreadUntil = isSharing && pages.IsOvertaken(from) ? Stopwatch.GetTimestamp() + s_longTurn : 0;
        if (isSharing && await pages.TryReadAsync(from, _known, query, cancellationToken).ConfigureAwait(false) is { } shared)
        {
            Know(shared.Token);
            return shared;
        }

        var page = tail is not null && (isSharing || !_isBehind)
            ? await tail.ReadAsync(_place!, from, _known, cancellationToken).ConfigureAwait(false)
            : await pages.AskAsync(query, pageSize, from, 0, _known, cancellationToken).ConfigureAwait(false);
        Know(page.Token);
        if (_isBehind == page.IsLast) Turn(!page.IsLast);
        return page;
    }

    /// <summary>Waits until an event is stored after a position.</summary>
    /// <param name="after">All events up to this position are handled.</param>
    /// <param name="until">The wait ends when the log gets here, even when no event is for this reader.</param>
    /// <param name="waiters">Advances past events that are skipped during the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal ValueTask WaitAsync(long after, long until, PositionWaiters waiters, CancellationToken cancellationToken) =>
        tail is null ? pages.WaitAsync(after, cancellationToken) : WaitAsync(tail, after, until, waiters, cancellationToken);

    private async ValueTask WaitAsync(SharedTail shared, long after, long until, PositionWaiters waiters, CancellationToken cancellationToken)
    {
        try
        {
            await shared.WaitAsync(_place!, after, until, _known, waiters, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Know(_place!.Known);
        }
    }

    /// <summary>The position up to which the log had no event for this reader during its wait, however the wait ended.</summary>
    internal long Passed => _place?.Position ?? 0;

    /// <summary>True when the log holds an event between two positions, both inclusive, that matches the query and a predicate. Does not use the shared pages; may be called by any thread.</summary>
    internal async ValueTask<bool> HasAnyAsync(long from, long through, Func<RecordedEvent, bool> predicate, CancellationToken cancellationToken)
    {
        if (from > through) return false;
        await foreach (var e in pages.ReadEventsAsync(query, pageSize, from, through, cancellationToken).ConfigureAwait(false))
            if (predicate(e)) return true;
        return false;
    }

    /// <summary>The reader reads nothing for now.</summary>
    internal void Rest()
    {
        if (_isBehind) Turn(false);
        tail?.Rest(_place!);
    }

    private void Turn(bool isBehind)
    {
        _isBehind = isBehind;
        if (!_isShareable) return;
        if (isBehind) pages.Enter(this);
        else pages.Leave(this);
    }
}
