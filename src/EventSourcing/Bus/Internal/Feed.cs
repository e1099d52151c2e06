using EventSourcing.Following;
using EventSourcing.Internal;

namespace EventSourcing.Bus;

/// <summary>The one reader of the log's tail that feeds all live listeners. It runs only while some are attached, and never waits for one.</summary>
internal sealed class Feed(SharedPages pages, EventCodec codec) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private LiveSubscription[] _attached = [];
    private long _position;
    private ResumeToken _known;
    private CancellationTokenSource _empty = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>Attaches a listener that has seen everything up to a position; false when the feed is further on, for the listener to read on by itself first.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="position">The position.</param>
    /// <param name="known">The furthest place that the listener has seen: the feed reads nothing that does not follow from it.</param>
    internal bool TryAttach(LiveSubscription listener, long position, in ResumeToken known)
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested) return false;
            if (Array.IndexOf(_attached, listener) >= 0) throw new InvalidOperationException("The listener is in the feed already.");
            if (_attached.Length > 0 && position < _position) return false;
            if (_attached.Length == 0)
            {
                (_position, _known, _empty) = (position, ResumeToken.Start, new());
                var (previous, token) = (_loop, _empty.Token);
                _loop = Uncaptured.Run(() => RunAsync(previous, token));
            }

            // Two that have seen different events at one place are of two histories, and one of them is to hear of it.
            if (known.Position == _known.Position && known != _known) return false;
            _known = ResumeToken.Later(_known, known);
            _attached = [.. _attached, listener];
            // Under the lock, as in all places: the list and what a listener knows of it cannot differ.
            listener.IsLive = true;
            return true;
        }
    }

    internal void Detach(LiveSubscription listener)
    {
        CancellationTokenSource? empty = null;
        lock (_lock)
        {
            if (Array.IndexOf(_attached, listener) < 0) return;
            _attached = [.. _attached.Where(l => l != listener)];
            listener.IsLive = false;
            if (_attached.Length == 0) empty = _empty;
        }

        empty?.CancelQuietly(static _ => { });
    }

    /// <summary>Ends the reading; no listener is taken from then on.</summary>
    internal void BeginStop() => _stop.CancelQuietly(static _ => { });

    /// <summary>Never fails.</summary>
    public async ValueTask DisposeAsync()
    {
        BeginStop();
        Task loop;
        lock (_lock) loop = _loop;
        await loop.ConfigureAwait(false);
    }

    private async Task RunAsync(Task previous, CancellationToken empty)
    {
        await previous.ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(empty, _stop.Token);
        try
        {
            while (true)
            {
                await pages.WaitAsync(Volatile.Read(ref _position), ended.Token).ConfigureAwait(false);
                while (!await ReadPageAsync(empty, ended.Token).ConfigureAwait(false))
                {
                }
            }
        }
        catch (Exception) when (ended.IsCancellationRequested)
        {
            // Nobody of this loop is left to be told; those who listen by now have another.
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private async ValueTask<bool> ReadPageAsync(CancellationToken empty, CancellationToken cancellationToken)
    {
        ResumeToken known;
        lock (_lock) known = _known;
        using var page = await pages.AskAsync(null, SharedPages.PageSize, _position + 1, 0, known, cancellationToken).ConfigureAwait(false);
        LiveSubscription[] listeners;
        lock (_lock)
        {
            // Those who listen by now have another loop, which has begun where they are.
            if (_empty.Token != empty) return true;
            // One has attached meanwhile that has seen more: whether the page follows from that was not compared.
            if (_known != known) return false;
            // Said before the page is handed out: who attaches from here on has to have seen it.
            _position = page.IsLast ? page.Head.ToInt64() : page.Next - 1;
            _known = ResumeToken.Later(_known, page.Token);
            listeners = _attached;
        }

        foreach (ref readonly var e in page.Events)
        {
            LiveEvent? arrival = null;
            foreach (var listener in listeners)
                if (listener.Wants(e)) listener.Offer(arrival ??= new(e, codec));
        }

        return page.IsLast;
    }

    // Trouble with the log is each listener's own to meet and to report.
    private void Fail(Exception error)
    {
        LiveSubscription[] listeners;
        lock (_lock)
        {
            (listeners, _attached) = (_attached, []);
            foreach (var listener in listeners) listener.IsLive = false;
        }

        foreach (var listener in listeners) listener.FeedFailed(error);
    }
}
