using EventSourcing.Following;
using EventSourcing.Internal;

namespace EventSourcing.Bus;

/// <summary>Reads the end of the log for all live subscriptions. Runs only while subscriptions are attached, and never waits for one.</summary>
internal sealed class Feed(SharedPages pages, EventCodec codec) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private LiveSubscription[] _attached = [];
    private long _position;
    private ResumeToken _known;
    private CancellationTokenSource _empty = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>Attaches a subscription that has read everything up to a position. Returns false when the feed is ahead of it: the subscription must read the log itself first.</summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="position">The position.</param>
    /// <param name="known">The latest token that the subscription has read: the feed reads only pages of a history that contains it.</param>
    internal bool TryAttach(LiveSubscription subscription, long position, in ResumeToken known)
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested) return false;
            if (Array.IndexOf(_attached, subscription) >= 0) throw new InvalidOperationException("The subscription is already attached to the feed.");
            if (_attached.Length > 0 && position < _position) return false;
            if (_attached.Length == 0)
            {
                (_position, _known, _empty) = (position, ResumeToken.Start, new());
                var (previous, token) = (_loop, _empty.Token);
                _loop = Uncaptured.Run(() => RunAsync(previous, token));
            }

            // Two subscriptions with different tokens at one position have read two histories; the log compares the token of the second one and reports it.
            if (known.Position == _known.Position && known != _known) return false;
            _known = ResumeToken.Later(_known, known);
            _attached = [.. _attached, subscription];
            // Changed only under the lock, so the list and this flag always agree.
            subscription.IsLive = true;
            return true;
        }
    }

    internal void Detach(LiveSubscription subscription)
    {
        CancellationTokenSource? empty = null;
        lock (_lock)
        {
            if (Array.IndexOf(_attached, subscription) < 0) return;
            _attached = [.. _attached.Where(l => l != subscription)];
            subscription.IsLive = false;
            if (_attached.Length == 0) empty = _empty;
        }

        empty?.CancelQuietly(static _ => { });
    }

    /// <summary>Stops the reading; no subscription can be attached afterwards.</summary>
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
            // Every subscription of this loop was detached. Subscriptions attached since then have another loop.
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
        LiveSubscription[] subscriptions;
        lock (_lock)
        {
            // Subscriptions attached since then have another loop, which began at their position.
            if (_empty.Token != empty) return true;
            // A subscription with a later token was attached during the read, and the log has not compared this token for the page.
            if (_known != known) return false;
            // Set before the page is delivered: a subscription that attaches from here on must have read the page's events.
            _position = page.IsLast ? page.Head.ToInt64() : page.Next - 1;
            _known = ResumeToken.Later(_known, page.Token);
            subscriptions = _attached;
        }

        foreach (ref readonly var e in page.Events)
        {
            LiveEvent? live = null;
            foreach (var subscription in subscriptions)
                if (subscription.Wants(e)) subscription.Offer(live ??= new(e, codec));
        }

        return page.IsLast;
    }

    // Each subscription reads the log itself after a failure and reports the failure of its own read.
    private void Fail(Exception error)
    {
        LiveSubscription[] subscriptions;
        lock (_lock)
        {
            (subscriptions, _attached) = (_attached, []);
            foreach (var subscription in subscriptions) subscription.IsLive = false;
        }

        foreach (var subscription in subscriptions) subscription.FeedFailed(error);
    }
}
