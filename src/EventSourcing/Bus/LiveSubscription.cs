using System.Threading.Channels;
using EventSourcing.Bus;
using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Running;

namespace EventSourcing;

/// <summary>A subscription in memory: it has no checkpoint and no lease. Thread-safe. Disposing it ends it.</summary>
/// <remarks>When the handler throws, the failure is counted and the next event is delivered; the same event is not delivered again.</remarks>
public sealed class LiveSubscription : IAsyncDisposable
{
    private static readonly LiveEvent s_wake = new(default, null!);

    private readonly EventCodec _codec;
    private readonly Feed _feed;
    private readonly SharedReader _reader;
    private readonly BoundFilter _filter;
    private readonly OverflowPolicy _onOverflow;
    private readonly EventBusOptions _common;
    private readonly LiveHandler _handler;
    private readonly Channel<LiveEvent> _queue;
    private readonly int _capacity;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask, _removed = Task.CompletedTask;
    private long _position, _floor, _handled, _dropped, _failures;
    private volatile bool _isLive;
    private volatile Exception? _lastError;
    private volatile Exception? _fault;
    private Exception? _feedError;

    internal LiveSubscription(EventCodec codec, Feed feed, SharedReader reader, BoundFilter filter, LiveSubscriptionOptions options, EventBusOptions common, LiveHandler handler)
    {
        (_codec, _feed, _reader, _filter, _onOverflow, _common, _handler) = (codec, feed, reader, filter, options.OnOverflow, common, handler);
        _capacity = options.Capacity;
        _queue = Channel.CreateBounded<LiveEvent>(
            new BoundedChannelOptions(_capacity)
            {
                SingleReader = true,
                SingleWriter = true,
                FullMode = options.OnOverflow == OverflowPolicy.DropOldest ? BoundedChannelFullMode.DropOldest : BoundedChannelFullMode.Wait,
            },
            _ => Interlocked.Increment(ref _dropped));
    }

    /// <summary>The number of events that were handled.</summary>
    public long Handled => Volatile.Read(ref _handled);

    /// <summary>The number of events that were dropped because the queue was full (<see cref="OverflowPolicy.DropOldest"/>).</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>The number of events at which the handler or the filter threw, or which could not be read.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>The last failure, of the handler, of a callback on its token or of the log; null when there was none.</summary>
    public Exception? LastError => _lastError;

    /// <summary>True when the subscription has ended with a failure: the queue was full under <see cref="OverflowPolicy.Fail"/>, or the log failed permanently. <see cref="LastError"/> has the cause.</summary>
    public bool IsFaulted => _fault is not null;

    /// <summary>True while the shared feed delivers its events; false while it reads the log by itself, at first and after its queue was full.</summary>
    public bool IsLive
    {
        get => _isLive;
        // Changed by the feed under its lock, together with its list.
        internal set => _isLive = value;
    }

    /// <summary>The last position that was handled, dropped or filtered out.</summary>
    public GlobalPosition Position => GlobalPosition.FromInt64(Volatile.Read(ref _position));

    /// <summary>Ends the subscription: cancels the token of the handler that runs, and waits for it. May be called again, and by several threads at once.</summary>
    /// <remarks>
    /// Does not wait when it is called by the subscription's own handler, by one that handles the same event for the same bus, by a handler that it waits for, or inside the work of a transaction. The subscription then ends after the current event.
    /// </remarks>
    /// <exception cref="EventBusException">
    /// The handler is still running 5 s after <see cref="EventBusOptions.StopTimeout"/>. The subscription ends when it returns, and is listed until then. Another call waits again.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        BeginStop();
        using var own = LoopWaits.TryBegin([Loop]);
        if (own is null) return;
        try
        {
            await _removed.WaitAsync(_common.MaxStopTime, _common.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new EventBusException($"A live subscription has not ended yet: its handler, called after position {Position}, still runs {_common.MaxStopTime} after its token was cancelled. Handlers must end when their token is cancelled.");
        }
    }

    internal Loop Loop { get; } = new();

    /// <summary>Ends the subscription after the current event, without waiting.</summary>
    internal void BeginStop()
    {
        _feed.Detach(this);
        // Not awaited: it runs callbacks of the handler.
        _ = _stop.CancelQuietlyAsync(Failed);
    }

    /// <param name="place">Where to begin.</param>
    /// <param name="removed">Called once, when the subscription was disposed and its loop has ended.</param>
    internal void Start(in ResumeToken place, Action<LiveSubscription> removed)
    {
        _position = place.Position.ToInt64();
        _reader.Know(place);
        _loop = Uncaptured.Run(RunAsync);
        _removed = Uncaptured.Run(() => RemoveAsync(removed));
    }

    internal bool Wants(in RecordedEvent e) => _isLive && e.Position.ToInt64() > _floor && _filter.MayAdmit(e);

    /// <summary>Called by the feed; never waits.</summary>
    internal void Offer(LiveEvent e)
    {
        if (_queue.Writer.TryWrite(e)) return;
        if (_onOverflow == OverflowPolicy.Fail)
        {
            Fault(new EventBusException($"The queue of a live subscription, {_capacity} events, was full at position {e.Event.Position}, and its {nameof(LiveSubscriptionOptions.OnOverflow)} is {nameof(OverflowPolicy.Fail)}. Handle events faster, set a larger {nameof(LiveSubscriptionOptions.Capacity)}, or use {nameof(OverflowPolicy.CatchUp)}."));
            return;
        }

        Leave();
    }

    internal void FeedFailed(Exception error)
    {
        _lastError = error;
        if (FailureState.MayPass(error)) _feedError = error;
        Leave();
    }

    /// <summary>Leaves the feed: handles the queued events, then reads the log itself.</summary>
    private void Leave()
    {
        _feed.Detach(this);
        // Wakes a loop that waits for an event; a loop with queued events does not wait.
        if (_queue.Reader.Count == 0) _queue.Writer.TryWrite(s_wake);
    }

    private void Fault(Exception error)
    {
        (_lastError, _fault) = (error, error);
        _feed.Detach(this);
        _queue.Writer.TryComplete();
    }

    private async Task RunAsync()
    {
        try
        {
            for (var failures = 0; _fault is null;)
            {
                var error = await ReadOrFollowAsync().ConfigureAwait(false);
                failures = error is null ? 0 : failures + 1;
                if (error is null) continue;
                _lastError = error;
                await Task.Delay(_common.DelayAfterFailure(failures), _common.TimeProvider, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            Fault(e);
        }
        finally
        {
            _reader.Rest();
        }
    }

    /// <summary>Reads a page from the log or, at the head, follows the feed until the subscription leaves it. Returns a failure of the log that may be temporary, or null.</summary>
    private async ValueTask<Exception?> ReadOrFollowAsync()
    {
        try
        {
            if (await ReadOnAsync().ConfigureAwait(false)) await FollowAsync().ConfigureAwait(false);
            return Interlocked.Exchange(ref _feedError, null);
        }
        catch (EventSourcingException e) when (FailureState.MayPass(e))
        {
            return e;
        }
    }

    /// <summary>Reads a page from the log; true when the subscription has joined the feed.</summary>
    private async ValueTask<bool> ReadOnAsync()
    {
        using var page = await _reader.ReadAsync(_position + 1, _stop.Token).ConfigureAwait(false);
        var handled = 0;
        for (var i = 0; i < page.Events.Length; i++)
        {
            await HandleAsync(new(page.Events[i], _codec)).ConfigureAwait(false);
            if (_reader.IsTurnOver(++handled)) await Task.Yield();
        }

        Volatile.Write(ref _position, page.IsLast ? page.Head.ToInt64() : page.Next - 1);
        if (!page.IsLast)
        {
            // Pages and handlers may all complete synchronously: this lets other work items of the thread pool run between two pages.
            if (ThreadPool.PendingWorkItemCount > 0) await Task.Yield();
            return false;
        }

        _floor = _position;
        return _feed.TryAttach(this, _position, _reader.Known);
    }

    /// <summary>Handles events of the feed until the subscription has left it and the queue is empty.</summary>
    private async ValueTask FollowAsync()
    {
        while (true)
        {
            while (_queue.Reader.TryRead(out var live))
            {
                if (live == s_wake) continue;
                await HandleAsync(live).ConfigureAwait(false);
                Volatile.Write(ref _position, live.Event.Position.ToInt64());
                _reader.Know(live.Event.Token);
            }

            if (_fault is not null) return;
            if (!_isLive)
            {
                // Checked a second time: events that were offered before the subscription left are in the queue now.
                if (_queue.Reader.TryPeek(out _)) continue;
                return;
            }

            await _queue.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false);
        }
    }

    private async ValueTask HandleAsync(LiveEvent live)
    {
        // One call until the event is decoded: a failure to decode it counts as one call too.
        for (var (call, calls) = (0, 1); call < calls; call++)
        {
            _stop.Token.ThrowIfCancellationRequested();
            try
            {
                if (call == 0 && !_filter.AdmitsUndecoded(live.Event)) return;
                calls = _handler.CallsFor(live);
                if (call == calls || (_filter.Predicate is { } predicate && !IsAdmitted(predicate, live, call))) continue;
                Loop.Call = live;
                EventContext.Enter(live);
                await _handler.HandleAsync(live, call, _stop.Token).ConfigureAwait(false);
                Volatile.Write(ref _handled, _handled + 1);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                throw new OperationCanceledException(_stop.Token);
            }
            catch (Exception e)
            {
                Failed(e);
            }
            finally
            {
                Loop.Call = null;
            }
        }
    }

    private bool IsAdmitted(Func<EventEnvelope, bool> predicate, LiveEvent live, int call)
    {
        var outer = LoopWaits.EnterDelegate(Loop);
        try
        {
            return _handler.IsAdmitted(predicate, live, call);
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }

    private void Failed(Exception error)
    {
        _lastError = error;
        Interlocked.Increment(ref _failures);
    }

    // A faulted subscription stays in the list until it is disposed.
    private async Task RemoveAsync(Action<LiveSubscription> removed)
    {
        await _loop.ConfigureAwait(false);
        await Tasks.IgnoreAsync(Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token)).ConfigureAwait(false);
        removed(this);
    }
}
