using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Parking;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Delivers one segment of a subscription: waits for the lease, reads pages after the checkpoint, has their events delivered, waits for more.</summary>
/// <remarks>
/// One loop does everything, requests from outside included, so that nothing but the few fields read by status needs care.
/// What is asked of it from outside is queued and interrupts its waits. The loop ends by request only: what it cannot wait out faults the subscription.
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A source without timer or wait handle holds nothing that disposal would release.")]
internal sealed class Runner
{
    private readonly SubscriptionSetup _setup;
    private readonly PartitionId _key;
    private readonly SharedReader _reader;
    private readonly EffectBuffer _effects;
    private readonly DeliveryContext _delivery;
    private readonly Progress _progress;
    private readonly EventSelector _selector;
    private readonly EventProcessor _events;
    private readonly PageProcessor _pages;
    private readonly ParkedQueue _parkedQueue;
    private readonly RunnerStatistics _statistics;
    private readonly PositionWaiters _waiters = new();
    private readonly WakeSignal _wake;
    private readonly Requests _requests = new();
    private readonly CancellationTokenSource _abort = new();
    private Task _loop = Task.CompletedTask;
    private LeaseScope? _scope;
    private ITimer? _stopTimer;
    private volatile bool _isStopping;
    private volatile Exception? _thrownByCallback;
    private bool _hasLostLease;
    private int _stopRequests, _failedTries;
    private volatile int _state = (int)SubscriptionState.Standby;
    private volatile Exception? _cause;
    private bool _isPaused;

    internal Runner(SubscriptionSetup setup, PartitionId key, SharedReader reader)
    {
        (_setup, _key, _reader) = (setup, key, reader);
        _wake = new(setup.Time, Report);
        _statistics = new(key.Name, setup.Time);
        _effects = new(setup.Log, setup.Store.Types.Codec, Loop);
        _delivery = new(_effects, Loop, key.Name, key.Partition, setup.IsCheckpointOutside);
        Parked = new(key, new(setup.Log, setup.Options));
        _progress = new(setup, key, _effects, Parked, _waiters, _statistics, reader);
        _selector = new(setup, key, Parked, Loop);
        var invoker = new HandlerInvoker(setup, key, _delivery, _effects, _statistics);
        _events = new(setup, key, _selector, invoker, _progress, _statistics, _wake);
        _pages = new(setup, _selector, _events, _progress, _statistics, _wake, reader);
        _parkedQueue = new(key, invoker, _effects, Parked, _statistics, setup.Report);
    }

    internal SubscriptionState State => (SubscriptionState)_state;

    internal GlobalPosition Position => GlobalPosition.FromInt64(_waiters.Position);

    internal double Rate => _statistics.Rate.PerSecond;

    internal long Handled => _statistics.Handled;

    internal long Failures => _statistics.Failures;

    /// <summary>See <see cref="RunnerStatistics.Begun"/>.</summary>
    internal long Begun => _statistics.Begun;

    internal Exception? LastError => _statistics.LastError;

    internal DateTimeOffset? LastErrorAt => _statistics.LastErrorAt;

    /// <summary>The failure for which it is faulted or paused; null where it is paused by request.</summary>
    internal Exception? Cause => State is SubscriptionState.Faulted or SubscriptionState.Paused ? _cause : null;

    /// <summary>Who holds the lease, as far as this process knows, and for how long it has seen no sign of life of it.</summary>
    internal (Guid? Owner, TimeSpan? Silence) Holder => State switch
    {
        SubscriptionState.Standby => _setup.Leases.HolderOf(_key.Key),
        SubscriptionState.Faulted or SubscriptionState.Stopped => (null, null),
        _ => (_setup.Leases.Owner, null),
    };

    internal ParkedKeys Parked { get; }

    internal Loop Loop { get; } = new();

    /// <summary>Completes when the loop has ended; never fails.</summary>
    internal Task Ended => _loop;

    internal bool IsCheckpointOutside => _setup.IsCheckpointOutside;

    internal void Start(ResumeToken place)
    {
        _progress.Begin = place;
        _waiters.MoveTo(place.Position.ToInt64());
        // What the starter is doing is not the cause of what handlers do.
        _loop = Uncaptured.Run(RunAsync);
    }

    /// <summary>Has the loop end after the event at hand; the handler may go on for the stop timeout, then its token is cancelled. May be called again, and by the handler.</summary>
    internal void BeginStop()
    {
        if (Interlocked.Increment(ref _stopRequests) > 1) return;
        try
        {
            _stopTimer = _setup.Time.CreateTimer(static state => ((Runner)state!).Abort(), this, _setup.BusOptions.StopTimeout, Timeout.InfiniteTimeSpan);
        }
        catch (Exception e)
        {
            // A clock that gives no timer gives no time either.
            Report(e);
            Abort();
        }

        _isStopping = true;
        _ = _wake.RequestAsync();
    }

    /// <summary>Waits for the end of the loop, for a while longer than handlers may take.</summary>
    /// <exception cref="SubscriptionException">A handler does not return.</exception>
    internal async Task WaitForEndAsync()
    {
        try
        {
            await _loop.WaitAsync(_setup.BusOptions.LongestStop, _setup.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new SubscriptionException(_key.Name, Position,
                $"Subscription '{_key.Key}' is not stopped yet: its handler, called after position {Position}, still runs {_setup.BusOptions.LongestStop} after the stop and {EventBusOptions.StopGrace} after its token was cancelled. "
                + "The lease is kept until it returns, so that no other process handles the same event meanwhile. Handlers must end when their token is cancelled.", null);
        }
    }

    /// <summary>Has work done on the loop; fails when this process does not hold the lease.</summary>
    internal Task RequestAsync(Func<ValueTask> work, bool needsLease, CancellationToken cancellationToken) => RequestInPartsAsync(async () =>
    {
        await work().ConfigureAwait(false);
        return true;
    }, needsLease, cancellationToken);

    /// <summary>The same for work in parts, between which events are delivered.</summary>
    internal async Task RequestInPartsAsync(Func<ValueTask<bool>> work, bool needsLease, CancellationToken cancellationToken)
    {
        var request = new Request(work, needsLease);
        var before = State;
        if (_isStopping || before is SubscriptionState.Standby or SubscriptionState.Stopped || !_requests.TryAdd(request)) throw NotActive();
        // The lease was lost meanwhile, and the request missed: the loop passes over one that is answered.
        if (needsLease && before != SubscriptionState.Faulted && State == SubscriptionState.Standby) request.Done.TrySetException(NotActive());
        await _wake.RequestAsync().ConfigureAwait(false);
        await request.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    internal Task PauseAsync(CancellationToken cancellationToken) => RequestAsync(() =>
    {
        _isPaused = true;
        if (State != SubscriptionState.Faulted) Enter(SubscriptionState.Paused);
        return default;
    }, needsLease: false, cancellationToken);

    internal Task ResumeAsync(CancellationToken cancellationToken) => RequestAsync(() =>
    {
        (_isPaused, _cause) = (false, null);
        _events.ResetAttempts();
        if (State == SubscriptionState.Paused) Enter(SubscriptionState.CatchingUp);
        return default;
    }, needsLease: false, cancellationToken);

    /// <summary>Takes part in a reset of all runners of the subscription: waits on the loop until it is decided.</summary>
    internal Task JoinAsync(SharedReset reset, GlobalPosition position) => RequestAsync(async () =>
    {
        await _progress.PrepareResetAsync(_scope!).ConfigureAwait(false);
        await reset.ArriveAsync().ConfigureAwait(false);
        _progress.WasReset(position.ToInt64());
        _events.ResetAttempts();
    }, needsLease: true, CancellationToken.None);

    /// <summary>Moves the checkpoint in the write of a reset. Only while the loop waits in <see cref="JoinAsync"/>, as the lease.</summary>
    internal RecordChange Reset(GlobalPosition position) => _progress.ChangeTo(position.ToInt64());

    internal Lease Lease => _scope!.Lease;

    /// <summary>Handles the parked events of a key again, in order; stops at the first that fails. On the loop only.</summary>
    internal async ValueTask<int> RetryAsync(string key, GlobalPosition? through)
    {
        await _progress.SaveIfNeededAsync(_scope!).ConfigureAwait(false);
        return await _parkedQueue.RetryAsync(key, through, _progress.Furthest, () => _isStopping, _scope!).ConfigureAwait(false);
    }

    /// <summary>Removes the parked events of a key. On the loop only.</summary>
    internal async ValueTask<int> DiscardAsync(string key, GlobalPosition? through)
    {
        await _progress.SaveIfNeededAsync(_scope!).ConfigureAwait(false);
        return await _parkedQueue.DiscardAsync(key, through, _scope!).ConfigureAwait(false);
    }

    /// <summary>True when everything up to a position is done.</summary>
    internal bool IsDone(GlobalPosition position) => _waiters.IsDone(position.ToInt64());

    /// <summary>Completes when everything up to a position is done, by this runner or, as the log says, by the one that has the lease.</summary>
    internal async Task WaitForAsync(GlobalPosition position, CancellationToken cancellationToken)
    {
        var waiter = _waiters.Enter(position.ToInt64());
        try
        {
            for (var isFirst = true; !waiter.Task.IsCompleted; isFirst = false)
            {
                if (State == SubscriptionState.Standby && await IsDoneElsewhereAsync(position.ToInt64(), isFirst, cancellationToken).ConfigureAwait(false)) return;
                await waiter.Task.WaitAsync(_setup.Leases.Interval, _setup.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!waiter.Task.IsCompleted) cancellationToken.ThrowIfCancellationRequested();
            }

            await waiter.Task.ConfigureAwait(false);
        }
        finally
        {
            _waiters.Leave(waiter);
        }
    }

    private async ValueTask<bool> IsDoneElsewhereAsync(long position, bool isFirst, CancellationToken cancellationToken)
    {
        try
        {
            if (await FindDoneAsync(cancellationToken).ConfigureAwait(false) is not { } done) return false;
            if (done >= position || isFirst) return done >= position;
            // Events that are not for the handler move the checkpoint rarely. A runner that has just been started passes over them itself.
            return !await _reader.HasAnyAsync(done + 1, position, _selector.MayBeForHandler, cancellationToken).ConfigureAwait(false);
        }
        catch (EventSourcingException e) when (FailureState.MayPass(e))
        {
            return false;
        }
    }

    private async ValueTask<long?> FindDoneAsync(CancellationToken cancellationToken)
    {
        if (_setup.Options.LoadToken is { } load)
        {
            try
            {
                return (await load(_key.Partition, cancellationToken).ConfigureAwait(false))?.Position.ToInt64();
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The runner that needs it meets the error, and reports it.
                return null;
            }
        }

        var records = await _setup.Log.ReadRecordsAsync(RecordKind.Checkpoint, _key.Key, _key.Key, 1, cancellationToken).ConfigureAwait(false);
        return records is [var record] ? Checkpoint.Parse(record).Position : null;
    }

    private async Task RunAsync()
    {
        while (!_isStopping)
        {
            try
            {
                if (await TryHoldAsync().ConfigureAwait(false) is { } error) await RecoverAsync(error).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // Thrown while it recovered: by the clock or the randomness, which are the user's.
                await WaitWhileFaultedAsync(e).ConfigureAwait(false);
            }
        }

        try
        {
            _stopTimer?.Dispose();
        }
        catch (Exception e)
        {
            Report(e);
        }

        Enter(SubscriptionState.Stopped);
        _requests.Close(NotActive());
        _waiters.End(new ObjectDisposedException(nameof(Subscription), $"Subscription '{_key.Name}' was stopped."));
    }

    /// <summary>Waits for the lease and delivers while it is held; why that ended, or null.</summary>
    private async ValueTask<Exception?> TryHoldAsync()
    {
        try
        {
            Enter(SubscriptionState.Standby);
            // Who asked may ask the one that gets the lease now.
            if (_hasLostLease) _requests.FailLeaseRequests(NotActive());
            _hasLostLease = false;
            await HoldAsync().ConfigureAwait(false);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private async ValueTask RecoverAsync(Exception error)
    {
        var isInterrupted = error is OperationCanceledException;
        // Stopped, or asked for something: none is a failure.
        if (isInterrupted && (_isStopping || _wake.IsRequested)) return;
        _statistics.LastError = error;
        if (error is LeaseLostException)
        {
            // After the line above: a callback that throws at the same moment writes before this looks, or after it.
            if (_thrownByCallback is { } thrown) _statistics.LastError = thrown;
            return;
        }

        if (isInterrupted || FailureState.MayPass(error)) await _wake.DelayAsync(_setup.BusOptions.DelayAfterFailure(++_failedTries)).ConfigureAwait(false);
        else await WaitWhileFaultedAsync(error).ConfigureAwait(false);
    }

    private async Task HoldAsync()
    {
        _wake.Renew();
        if (_isStopping) return;
        var lease = await _setup.Leases.AcquireAsync(_key, Report, _wake.Token).ConfigureAwait(false);
        _thrownByCallback = null;
        using var scope = new LeaseScope(lease, _setup.Time, ReportCallback, _abort.Token);
        try
        {
            var lost = lease.Lost.UnsafeRegister(static state => ((WakeSignal)state!).Request(), _wake);
            var askedBack = lease.AskedBack.UnsafeRegister(static state => ((WakeSignal)state!).Request(), _wake);
            await using (lost.ConfigureAwait(false))
            await using (askedBack.ConfigureAwait(false))
            {
                (_scope, _delivery.FencingToken) = (scope, lease.Epoch);
                await _progress.LoadAsync(scope.Token).ConfigureAwait(false);
                Enter(SubscriptionState.CatchingUp);
                await DeliverAsync(scope).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_isStopping && lease.IsHeld)
        {
            // The handler was cut short; what came before its event is done.
            await _progress.TrySaveIfNeededAsync(scope).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!lease.IsHeld)
        {
            throw lease.Error();
        }
        finally
        {
            _effects.Forget(0);
            Parked.ForgetWaiting();
            _scope = null;
            _statistics.Begun = 0;
            _reader.Rest();
            await _setup.Leases.ReleaseAsync(lease).ConfigureAwait(false);
            _hasLostLease = true;
        }
    }

    private async Task DeliverAsync(LeaseScope scope)
    {
        while (true)
        {
            _wake.Renew();
            scope.ThrowIfLost();
            await DoRequestsAsync().ConfigureAwait(false);
            if (_isStopping || scope.Lease.IsAskedBack)
            {
                await _progress.TrySaveIfNeededAsync(scope).ConfigureAwait(false);
                return;
            }

            if (_isPaused)
            {
                await _progress.TrySaveIfNeededAsync(scope).ConfigureAwait(false);
                Enter(SubscriptionState.Paused);
                if (_cause is null) _statistics.Begun = 0;
                _reader.Rest();
                if (_requests.Next is null) await _wake.DelayAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
                continue;
            }

            if (!await ReadPageAsync(scope).ConfigureAwait(false))
            {
                // Pages and handlers may all complete at once: others that wait for the thread pool get their turn between two pages.
                if (ThreadPool.PendingWorkItemCount > 0) await Task.Yield();
                continue;
            }

            if (!await _progress.TryWritePendingAsync(scope).ConfigureAwait(false)) continue;
            Enter(SubscriptionState.Live);
            (_failedTries, _statistics.Begun) = (0, 0);
            if (_requests.Next is null) await WaitForMoreAsync(scope).ConfigureAwait(false);
        }
    }

    /// <summary>Has a page delivered; true when it reached the head.</summary>
    private async ValueTask<bool> ReadPageAsync(LeaseScope scope)
    {
        // No handler is at work meanwhile: what is read is delivered once the checkpoint is written.
        var saving = _progress.IsSaveDue ? _progress.TrySaveAsync(scope) : new(true);
        using var page = await ReadNextAsync(saving, scope).ConfigureAwait(false);
        if (page is null) return false;
        if (!page.IsLast) Enter(SubscriptionState.CatchingUp);
        _progress.BeginPage(page.IsLast || page.Events.IsEmpty ? long.MaxValue : page.Events[^1].Position.ToInt64());
        if (!page.Events.IsEmpty)
        {
            if (_setup.Slots is { } slots && !await TryTakeSlotAsync(slots, scope).ConfigureAwait(false)) return false;
            try
            {
                if (!await _pages.ProcessAsync(page, scope).ConfigureAwait(false))
                {
                    if (_events.GivenUp is { } failure) (_isPaused, _cause) = (true, failure);
                    return false;
                }
            }
            finally
            {
                _setup.Slots?.Release();
            }
        }

        return await _progress.PassAsync(page.IsLast ? page.Head.ToInt64() : page.Next - 1, scope).ConfigureAwait(false) && page.IsLast;
    }

    /// <summary>Waits until a handler may run; false when what is written before the wait was refused.</summary>
    private async ValueTask<bool> TryTakeSlotAsync(SemaphoreSlim slots, LeaseScope scope)
    {
        if (await slots.WaitAsync(TimeSpan.Zero, CancellationToken.None).ConfigureAwait(false)) return true;
        // Other partitions may keep the slots for long.
        if (Parked.IsWaiting && !await _progress.TrySaveAsync(scope).ConfigureAwait(false)) return false;
        await slots.WaitAsync(scope.Token).ConfigureAwait(false);
        return true;
    }

    /// <summary>Reads the next page; null when the checkpoint that is written meanwhile was refused.</summary>
    private async ValueTask<LogPage?> ReadNextAsync(ValueTask<bool> saving, LeaseScope scope)
    {
        LogPage page;
        try
        {
            page = await _reader.ReadAsync(_progress.Position + 1, scope.Token).ConfigureAwait(false);
        }
        catch
        {
            await saving.ConfigureAwait(false);
            throw;
        }

        try
        {
            if (await saving.ConfigureAwait(false)) return page;
        }
        catch
        {
            page.Dispose();
            throw;
        }

        page.Dispose();
        return null;
    }

    /// <summary>Waits for events. A checkpoint that becomes due meanwhile is written, and reads nothing.</summary>
    private async ValueTask WaitForMoreAsync(LeaseScope scope)
    {
        while (true)
        {
            var (interrupted, isDue) = (_wake.Token, false);
            using var due = _progress.HasUnsaved ? new CancellationTokenSource(_progress.DueIn, _setup.Time) : null;
            using var both = due is null ? null : CancellationTokenSource.CreateLinkedTokenSource(interrupted, due.Token);
            try
            {
                await _reader.WaitAsync(_progress.Position, _progress.PassesUntil, _waiters, both?.Token ?? interrupted).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_wake.IsRequested || due is { IsCancellationRequested: true })
            {
                isDue = !_wake.IsRequested;
            }
            catch (PositionOutOfRangeException)
            {
                // The log has become shorter: the read that follows says what that means.
            }

            // Events of other partitions went by.
            if (_reader.Passed > _progress.Position && !await _progress.PassAsync(_reader.Passed, scope).ConfigureAwait(false)) return;
            if (!isDue || !await _progress.TrySaveAsync(scope).ConfigureAwait(false)) return;
        }
    }

    private async ValueTask DoRequestsAsync()
    {
        while (_requests.Next is { } request)
        {
            if (request.NeedsLease && _scope is null && !request.Done.Task.IsCompleted)
            {
                // Faulted: it is begun again to do what is asked.
                (_isPaused, _cause) = (false, null);
                return;
            }

            _requests.RemoveNext();
            if (request.Done.Task.IsCompleted) continue;
            try
            {
                if (!await request.Work().ConfigureAwait(false))
                {
                    _requests.TryAdd(request);
                    return;
                }

                request.Done.TrySetResult();
            }
            catch (Exception e)
            {
                request.Done.TrySetException(e is EffectException { Error: var refusal } ? refusal : e);
                if (_scope is null) continue;
                // A reset fails by the lease of any segment: the others keep theirs.
                if (e is not EffectException && (_scope.Token.IsCancellationRequested || (e is LeaseLostException lost && lost.Name == _key.Key))) throw;
                // What the checkpoint is cannot be told any more, unless it is read again.
                await _progress.LoadAsync(_scope.Token).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask WaitWhileFaultedAsync(Exception error)
    {
        (_isPaused, _cause, _statistics.LastError) = (true, error, error);
        // The checkpoint, which lies in the log, is of the history that the log has now. Resumed, it is what counts.
        if (error is LogDivergedException) _reader.Forget();
        // What it was begun again for cannot be done either. What is asked once the state shows is done.
        _requests.FailLeaseRequests(Stalled(SubscriptionState.Faulted, error));
        Enter(SubscriptionState.Faulted);
        _hasLostLease = false;
        while (_isPaused && !_isStopping)
        {
            _wake.Renew();
            await DoRequestsAsync().ConfigureAwait(false);
            if (_isPaused && !_isStopping) await _wake.DelayAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        }
    }

    /// <summary>The one place where the state changes.</summary>
    private void Enter(SubscriptionState next)
    {
        var current = State;
        if (current == next) return;
        if (current == SubscriptionState.Stopped || (next is SubscriptionState.Live or SubscriptionState.Paused && _scope is null))
            throw new InvalidOperationException($"A runner does not go from {current} to {next}.");
        _state = (int)next;
        var isFailure = next == SubscriptionState.Faulted || (next == SubscriptionState.Paused && _cause is not null);
        if (isFailure || next == SubscriptionState.Paused) _waiters.Stall(Stalled(next, isFailure ? _cause : null));
        else _waiters.Flow();
        var outer = LoopWaits.EnterDelegate(Loop);
        try
        {
            // The cause of a pause or a fault matters more than what is thrown by one who is told of it.
            if (_setup.StateChanged(_key.Key, next, isFailure ? _cause : null) is { } thrown && !isFailure) Report(thrown);
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }

    private void Abort() => _abort.CancelQuietly(Report);

    /// <summary>Keeps what went wrong beside the delivery, for the status. Any thread may call it.</summary>
    private void Report(Exception error) => _statistics.LastError = error;

    /// <summary>The same of what a handler's callback threw when its token was cancelled: a mistake of the handler's, and not to be hidden by the loss of the lease.</summary>
    private void ReportCallback(Exception error)
    {
        _thrownByCallback = error;
        Report(error);
    }

    private SubscriptionException Stalled(SubscriptionState state, Exception? cause) =>
        new(_key.Name, Position, $"Subscription '{_key.Key}' is {state}, and nothing after position {Position} is handled until it is resumed{(cause is null ? "." : $": {ExceptionText.MessageOf(cause)}")}", cause);

    private InvalidOperationException NotActive() =>
        new($"Subscription '{_key.Key}' is not active in this process: it is {State}.");
}
