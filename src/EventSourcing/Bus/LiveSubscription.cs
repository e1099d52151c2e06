using System.Threading.Channels;
using EventSourcing.Bus;
using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Running;

namespace EventSourcing;

/// <summary>A listener in memory: it leaves nothing behind and holds no lease. Thread-safe. Disposing it ends it.</summary>
/// <remarks>A handler that throws is not called again for the same event: the failure is counted and the next event comes.</remarks>
public sealed class LiveSubscription : IAsyncDisposable
{
    private static readonly LiveEvent s_left = new(default, null!);

    private readonly EventCodec _codec;
    private readonly Feed _feed;
    private readonly SharedReader _reader;
    private readonly BoundFilter _route;
    private readonly OverflowPolicy _whenFull;
    private readonly SubscriberOptions _common;
    private readonly LiveHandler _handler;
    private readonly Action<LiveSubscription> _ended;
    private readonly Channel<LiveEvent> _queue;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask, _removed = Task.CompletedTask;
    private long _position, _floor, _handled, _dropped, _failures;
    private volatile bool _isLive;
    private volatile Exception? _lastError;
    private volatile Exception? _fault;
    private Exception? _feedTrouble;

    internal LiveSubscription(EventCodec codec, Feed feed, SharedReader reader, BoundFilter route, LiveSubscriptionOptions options, SubscriberOptions common, LiveHandler handler, Action<LiveSubscription> ended)
    {
        (_codec, _feed, _reader, _route, _whenFull, _common, _handler, _ended) = (codec, feed, reader, route, options.OnOverflow, common, handler, ended);
        _queue = Channel.CreateBounded<LiveEvent>(
            new BoundedChannelOptions(options.Capacity)
            {
                SingleReader = true,
                SingleWriter = true,
                FullMode = options.OnOverflow == OverflowPolicy.DropOldest ? BoundedChannelFullMode.DropOldest : BoundedChannelFullMode.Wait,
            },
            _ => Interlocked.Increment(ref _dropped));
    }

    /// <summary>Events handled.</summary>
    public long Handled => Volatile.Read(ref _handled);

    /// <summary>Events dropped because the queue was full.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Events at which the handler threw, or which could not be read.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>The last failure, of the handler, of a callback on its token or of the log; null when there was none.</summary>
    public Exception? LastError => _lastError;

    /// <summary>True when it has ended by itself: its queue was full and it was to fail, or the log cannot be read and waiting does not cure that. <see cref="LastError"/> says why.</summary>
    public bool IsFaulted => _fault is not null;

    /// <summary>True while the shared feed brings its events; false while it reads by itself, at first and after its queue was full.</summary>
    public bool IsLive
    {
        get => _isLive;
        // By the feed, together with its list.
        internal set => _isLive = value;
    }

    /// <summary>Everything up to here was handled, dropped or not for it.</summary>
    public GlobalPosition Position => GlobalPosition.FromInt64(Volatile.Read(ref _position));

    /// <summary>Ends the listener; waits for the handler at work, whose token is cancelled. May be called again, and by several threads at once.</summary>
    /// <remarks>
    /// Called by the listener's own handler, by one that handles the same event for the same bus, by one that it waits for, or from inside the work of a transaction, it does not wait: the listener ends after this event.
    /// </remarks>
    /// <exception cref="EventBusException">
    /// The handler is still running 5 s after <see cref="SubscriberOptions.StopTimeout"/> of the bus's subscriber. The listener ends when it returns, and is listed until then. Another call waits once more.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        BeginStop();
        using var own = LoopWaits.TryBegin([Loop]);
        if (own is null) return;
        try
        {
            await _removed.WaitAsync(_common.LongestStop, _common.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new EventBusException($"A live listener has not ended yet: its handler, called after position {Position}, still runs {_common.LongestStop} after its token was cancelled. Handlers must end when their token is cancelled.");
        }
    }

    internal Loop Loop { get; } = new();

    /// <summary>Has the listener end after the event at hand.</summary>
    internal void BeginStop()
    {
        _feed.Detach(this);
        // Not waited for: callbacks of the handler's are among those who are told.
        _ = _stop.CancelQuietlyAsync(Failed);
    }

    internal void Start(in ResumeToken place)
    {
        _position = place.Position.ToInt64();
        _reader.Know(place);
        _loop = Uncaptured.Run(RunAsync);
        _removed = Uncaptured.Run(RemoveAsync);
    }

    internal bool Wants(in RecordedEvent e) => _isLive && e.Position.ToInt64() > _floor && _route.AdmitsBytes(e);

    /// <summary>Called by the feed; never waits.</summary>
    internal void Offer(LiveEvent arrival)
    {
        if (_queue.Writer.TryWrite(arrival)) return;
        if (_whenFull == OverflowPolicy.Fail)
        {
            Fault(new EventBusException($"The queue of a live listener was full at position {arrival.Event.Position}."));
            return;
        }

        Leave();
    }

    internal void FeedFailed(Exception error)
    {
        _lastError = error;
        if (FailureState.MayPass(error)) _feedTrouble = error;
        Leave();
    }

    /// <summary>Leaves the feed; what is queued is handled first, then it reads on by itself.</summary>
    private void Leave()
    {
        _feed.Detach(this);
        // Wakes a loop that waits; one whose queue holds something does not.
        if (_queue.Reader.Count == 0) _queue.Writer.TryWrite(s_left);
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
                var trouble = await ListenAsync().ConfigureAwait(false);
                failures = trouble is null ? 0 : failures + 1;
                if (trouble is null) continue;
                _lastError = trouble;
                await Task.Delay(_common.DelayAfterTrouble(failures), _common.TimeProvider, _stop.Token).ConfigureAwait(false);
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

    /// <summary>Reads a page by itself or, once it has caught up, follows the feed until it leaves it; what went wrong with the log and may pass, or null.</summary>
    private async ValueTask<Exception?> ListenAsync()
    {
        try
        {
            if (await ReadOnAsync().ConfigureAwait(false)) await FollowAsync().ConfigureAwait(false);
            return Interlocked.Exchange(ref _feedTrouble, null);
        }
        catch (EventSourcingException e) when (FailureState.MayPass(e))
        {
            return e;
        }
    }

    /// <summary>Reads a page by itself; true when it has joined the feed.</summary>
    private async ValueTask<bool> ReadOnAsync()
    {
        using var page = await _reader.ReadAsync(_position + 1, _stop.Token).ConfigureAwait(false);
        var handled = 0;
        for (var i = 0; i < page.Events.Length; i++)
        {
            if (!_route.AdmitsFound(page.Events[i])) continue;
            await HandleAsync(new(page.Events[i], _codec)).ConfigureAwait(false);
            if (_reader.IsTurnOver(++handled)) await Task.Yield();
        }

        Volatile.Write(ref _position, page.IsLast ? page.Head.ToInt64() : page.Next - 1);
        if (!page.IsLast)
        {
            // Pages and handlers may all complete at once: others that wait for the thread pool get their turn between two pages.
            if (ThreadPool.PendingWorkItemCount > 0) await Task.Yield();
            return false;
        }

        _floor = _position;
        return _feed.TryAttach(this, _position, _reader.Known);
    }

    /// <summary>Handles what the feed offers until the listener has left it and the queue is empty.</summary>
    private async ValueTask FollowAsync()
    {
        while (true)
        {
            while (_queue.Reader.TryRead(out var arrival))
            {
                if (arrival == s_left) continue;
                await HandleAsync(arrival).ConfigureAwait(false);
                Volatile.Write(ref _position, arrival.Event.Position.ToInt64());
                _reader.Know(arrival.Event.Token);
            }

            if (_fault is not null) return;
            if (!_isLive)
            {
                // Read once more: what was offered before it left is in the queue by now.
                if (_queue.Reader.TryPeek(out _)) continue;
                return;
            }

            await _queue.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false);
        }
    }

    private async ValueTask HandleAsync(LiveEvent arrival)
    {
        // One, until it is known what the event reads as: a failure to read it is one too.
        for (var (call, calls) = (0, 1); call < calls; call++)
        {
            _stop.Token.ThrowIfCancellationRequested();
            try
            {
                calls = _handler.CallsFor(arrival);
                if (call == calls || (_route.HasPredicates && !IsAdmitted(arrival, call))) continue;
                Loop.Call = arrival;
                EventContext.Enter(arrival);
                await _handler.HandleAsync(arrival, call, _stop.Token).ConfigureAwait(false);
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

    private bool IsAdmitted(LiveEvent arrival, int call)
    {
        var outer = LoopWaits.EnterDelegate(Loop);
        try
        {
            return _handler.IsAdmitted(_route, arrival, call);
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

    // One that has faulted is listed until it is disposed.
    private async Task RemoveAsync()
    {
        await _loop.ConfigureAwait(false);
        await Tasks.IgnoreAsync(Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token)).ConfigureAwait(false);
        _ended(this);
    }
}
