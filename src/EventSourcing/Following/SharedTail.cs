using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>Follows the head of the log for all partitions of a subscription in this process, with one wait and one read for all of them. Thread-safe.</summary>
/// <remarks>
/// Partitions that have reached the head wait here, and one loop waits at the log for them. It reads what is stored, finds the partition of each event, and wakes those partitions with the
/// page; the positions of the others advance past the page while they wait. It never waits for a partition: one that is busy comes back later and takes from the last page
/// what lies after its own position, or reads for itself where it has missed more than that page. Then the page that it gets replaces the other one. At most one page is kept, and none
/// while every partition waits.
/// </remarks>
/// <param name="pages">Reads the pages.</param>
/// <param name="query">Which events; null for all.</param>
/// <param name="pageSize">The maximum number of events in a page.</param>
/// <param name="partitionOf">Returns the partition of an event, or -1 for an event without one. Called by one thread at a time.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A source without timer or wait handle holds nothing that disposal would release.")]
internal sealed class SharedTail(SharedPages pages, LogQuery? query, int pageSize, PartitionOf partitionOf)
{
    private readonly Lock _lock = new();
    private readonly HashSet<TailPlace> _places = [];
    private readonly List<TailPlace> _waiting = [];
    private CancellationTokenSource _empty = new();
    private SharedPage? _last, _reading;
    private Task _watch = Task.CompletedTask;
    private bool _isWatching;
    private long _position;
    private ResumeToken _known;

    /// <summary>Completes when no partition waits for the log any more. Never fails.</summary>
    internal Task Ended
    {
        get
        {
            lock (_lock) return _watch;
        }
    }

    /// <summary>Reads the events from a position on. A page that another partition requested at the same time may not contain the newest events; the next wait then completes at once.</summary>
    internal async ValueTask<LogPage> ReadAsync(TailPlace place, long from, ResumeToken known, CancellationToken cancellationToken)
    {
        var page = Find(place, from, known, out var isFirst);
        try
        {
            if (isFirst) await ReadAsync(page, cancellationToken).ConfigureAwait(false);
            else await page.IsRead.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (page.Page is { } read && (isFirst || (read.IsLast && from <= read.Head.ToInt64() + 1) || (!read.IsLast && from < read.Next)) && page.Follows(known)) return new TailView(page, read, from);
        }
        catch
        {
            page.Release();
            throw;
        }

        page.Release();
        return await pages.AskAsync(query, pageSize, from, 0, known, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until an event of the partition is stored after a position, or until the log reaches <paramref name="until"/>. When the wait ends, also by an error, <see cref="TailPlace.Position"/> is the position that the partition has advanced to.</summary>
    /// <param name="place">The partition.</param>
    /// <param name="after">All events up to this position are handled.</param>
    /// <param name="until">The wait also ends when the log gets here.</param>
    /// <param name="known">The latest token that the partition has read. When its position advances, <see cref="TailPlace.Known"/> is a later one.</param>
    /// <param name="waiters">Advances past events that are skipped during the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async ValueTask WaitAsync(TailPlace place, long after, long until, ResumeToken known, PositionWaiters waiters, CancellationToken cancellationToken)
    {
        // This comes first, also when the wait is already cancelled: the caller reads the position from the place afterwards.
        if (!TryEnter(place, after, until, known, waiters, out var woken)) return;
        try
        {
            await (woken?.WaitAsync(cancellationToken) ?? pages.WaitAsync(after, cancellationToken).AsTask()).ConfigureAwait(false);
        }
        catch (Exception) when (woken is { IsFaulted: true })
        {
            // Observes the error: if the wait was cancelled at the same time, nothing else reads it.
            _ = woken.Exception;
            throw;
        }
        finally
        {
            Leave(place);
        }
    }

    /// <summary>Removes a partition that stops following. When the last partition is removed, the page is dropped.</summary>
    internal void Rest(TailPlace place)
    {
        lock (_lock)
        {
            place.Give(null);
            if (_places.Remove(place) && _places.Count == 0) Keep(null);
        }
    }

    /// <summary>Returns false when events after the position were already read.</summary>
    private bool TryEnter(TailPlace place, long after, long until, in ResumeToken known, PositionWaiters waiters, out Task? woken)
    {
        lock (_lock)
        {
            woken = null;
            (place.Position, place.Known) = (after, known);
            if (_isWatching && _position > after)
            {
                // The partition was sent to read the log before, and found nothing: the history that is followed here is not the log's history now.
                if (place.SentAwayAt == after) return true;
                place.SentAwayAt = after;
                return false;
            }

            woken = place.Begin(until, waiters);
            _waiting.Add(place);
            if (_waiting.Count == _places.Count) Keep(null);
            if (_isWatching) return true;
            (_isWatching, _position, _known) = (true, after, known);
            _watch = Uncaptured.Run(WatchAsync);
            return true;
        }
    }

    private void Leave(TailPlace place)
    {
        CancellationTokenSource? empty = null;
        lock (_lock)
            if (_waiting.Remove(place) && _waiting.Count == 0) empty = _empty;
        empty?.CancelQuietly(static _ => { });
    }

    private async Task WatchAsync()
    {
        while (true)
        {
            long position;
            ResumeToken known;
            CancellationToken empty;
            lock (_lock)
            {
                if (_waiting.Count == 0)
                {
                    _isWatching = false;
                    return;
                }

                if (_empty.IsCancellationRequested) _empty = new();
                (position, known, empty) = (_position, _known, _empty.Token);
            }

            try
            {
                await pages.WaitAsync(position, empty).ConfigureAwait(false);
                await HandOutAsync(position + 1, known, empty).ConfigureAwait(false);
            }
            catch (Exception) when (empty.IsCancellationRequested)
            {
                // No partition was left to wake. For partitions that wait by now, the wait at the log starts again.
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }
    }

    private async ValueTask HandOutAsync(long from, ResumeToken known, CancellationToken cancellationToken)
    {
        var page = Begin(from, known);
        try
        {
            await ReadAsync(page, cancellationToken).ConfigureAwait(false);
            HandOut(page, page.Page!);
        }
        finally
        {
            page.Release();
        }
    }

    private void HandOut(SharedPage page, LogPage read)
    {
        // The position of the last event of each partition.
        Span<long> last = stackalloc long[PartitionId.PartitionCount];
        last.Clear();
        foreach (ref readonly var e in read.Events)
            if (partitionOf(e) is var partition and >= 0) last[partition] = e.Position.ToInt64();
        var through = read.IsLast ? read.Head.ToInt64() : read.Next - 1;
        lock (_lock)
        {
            _position = Math.Max(_position, through);
            _known = ResumeToken.Later(_known, read.Token);
            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                var place = _waiting[i];
                if (!page.Follows(place.Known))
                {
                    // The partition has seen another place. It reads for itself, and the log checks whether that place still exists.
                    _waiting.RemoveAt(i);
                    place.Wake(null);
                    continue;
                }

                place.Known = ResumeToken.Later(place.Known, read.Token);
                if (last[place.Partition] <= place.Position && through < place.Until)
                {
                    place.Pass(through);
                    continue;
                }

                _waiting.RemoveAt(i);
                place.Give(page.Hold());
                place.Wake(null);
            }

            if (_waiting.Count == _places.Count) Keep(null);
        }
    }

    // Each partition gets and reports errors of the log itself.
    private void Fail(Exception error)
    {
        lock (_lock)
        {
            // Each partition detects a changed history when it asks for a page, because it passes the place that it has seen.
            var reported = error is LogDivergedException or PositionOutOfRangeException ? null : error;
            foreach (var place in _waiting) place.Wake(reported);
            _waiting.Clear();
        }
    }

    private SharedPage Find(TailPlace place, long from, ResumeToken known, out bool isFirst)
    {
        lock (_lock)
        {
            _places.Add(place);
            isFirst = false;
            if (place.Take() is { } given)
            {
                if (Holds(given, from, known)) return given;
                given.Release();
            }

            if (_last is not null && Holds(_last, from, known)) return _last.Hold();
            if (_reading is not null && _reading.From <= from && _reading.Token == known) return _reading.Hold();
            isFirst = true;
            return _reading = new(from, known);
        }

        static bool Holds(SharedPage page, long from, in ResumeToken known) => page.Follows(known) && page.From <= from && from <= (page.Page!.IsLast ? page.Page.Head.ToInt64() : page.Page.Next - 1);
    }

    private SharedPage Begin(long from, in ResumeToken known)
    {
        lock (_lock) return _reading = new(from, known);
    }

    private async ValueTask ReadAsync(SharedPage page, CancellationToken cancellationToken)
    {
        LogPage? read = null;
        try
        {
            read = await pages.AskAsync(query, pageSize, page.From, 0, page.Token, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // An error here never fails the partitions that wait for the page: without a page they read the log themselves, and get its error.
            page.Read(read);
            lock (_lock)
            {
                if (_reading == page) _reading = null;
                if (read is { IsLast: true } && read.Head.ToInt64() >= page.From && _waiting.Count < _places.Count && !(_last?.Page!.Head > read.Head)) Keep(page.Hold());
            }
        }
    }

    private void Keep(SharedPage? page)
    {
        _last?.Release();
        _last = page;
    }
}
