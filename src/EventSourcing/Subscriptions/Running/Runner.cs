using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Parking;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Runs one partition of a subscription: waits for the lease, delivers events while it is held, waits after failures.</summary>
/// <remarks>
/// One loop does all work, also that of requests: these are queued and wake the loop. Other threads only read the state, the statistics and the parked events.
/// The loop ends only when it is stopped. A failure that does not pass by itself faults the subscription.
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
    private readonly EventProcessor _events;
    private readonly ParkedQueue _parkedQueue;
    private readonly RunnerStatistics _statistics;
    private readonly PositionWaiters _waiters = new();
    private readonly PositionWait _positionWait;
    private readonly WakeSignal _wake;
    private readonly RunnerState _state;
    private readonly Requests _requests;
    private readonly ActiveLoop _activeLoop;
    private readonly CancellationTokenSource _abort = new();
    private Task _loop = Task.CompletedTask;
    private ITimer? _stopTimer;
    private volatile Exception? _thrownByCallback;
    private bool _hasLostLease;
    private int _stopRequests;

    internal Runner(SubscriptionSetup setup, PartitionId key, SharedReader reader)
    {
        (_setup, _key, _reader) = (setup, key, reader);
        _wake = new(setup.Time, Report);
        _statistics = new(key.Name, setup.Time);
        _state = new(setup, key, _waiters, _statistics, Loop);
        _effects = new(setup.Log, setup.Store.Types.Codec, Loop);
        _delivery = new(_effects, Loop, key.Name, key.Partition, setup.IsCheckpointOutside);
        Parked = new(key, new(setup.Log, setup.Options));
        _progress = new(setup, key, _effects, Parked, _waiters, _statistics, reader);
        var selector = new EventSelector(setup, key, Parked, Loop);
        var invoker = new HandlerInvoker(setup, key, _delivery, _effects, _statistics);
        _events = new(setup, key, selector, invoker, _progress, _statistics, _wake);
        var pages = new PageProcessor(setup, selector, _events, _progress, _statistics, _wake, reader);
        _parkedQueue = new(key, invoker, _effects, Parked, _statistics, setup.Report);
        _positionWait = new(setup, key, _state, _waiters, selector, reader);
        _requests = new(key, _state, _progress, _wake);
        _activeLoop = new(setup, _state, _requests, pages, _progress, _wake, reader);
    }

    internal SubscriptionState State => _state.Current;

    internal GlobalPosition Position => GlobalPosition.FromInt64(_waiters.Position);

    internal double Rate => _statistics.Rate.PerSecond;

    internal long Handled => _statistics.Handled;

    internal long Failures => _statistics.Failures;

    /// <summary>See <see cref="RunnerStatistics.Begun"/>.</summary>
    internal long Begun => _statistics.Begun;

    internal Exception? LastError => _statistics.LastError;

    internal DateTimeOffset? LastErrorAt => _statistics.LastErrorAt;

    /// <summary>The failure for which it is faulted or paused; null where it is paused by request.</summary>
    internal Exception? Cause => State is SubscriptionState.Faulted or SubscriptionState.Paused ? _state.Cause : null;

    /// <summary>The owner of the lease, as far as this process knows, and the time since this process last saw a sign of life of it.</summary>
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
        // The caller's ambient context is not the cause of what handlers do.
        _loop = Uncaptured.Run(RunAsync);
    }

    /// <summary>Ends the loop after the current event. The handler may run for the stop timeout, then its token is cancelled. May be called again, and by the handler.</summary>
    internal void BeginStop()
    {
        if (Interlocked.Increment(ref _stopRequests) > 1) return;
        try
        {
            _stopTimer = _setup.Time.CreateTimer(static state => ((Runner)state!).Abort(), this, _setup.BusOptions.StopTimeout, Timeout.InfiniteTimeSpan);
        }
        catch (Exception e)
        {
            // Without a timer the handler's token is cancelled at once.
            Report(e);
            Abort();
        }

        _state.Stop();
        _ = _wake.RequestAsync();
    }

    /// <summary>Waits for the end of the loop, somewhat longer than a handler may run.</summary>
    /// <exception cref="SubscriptionException">A handler does not return.</exception>
    internal async Task WaitForEndAsync()
    {
        try
        {
            await _loop.WaitAsync(_setup.BusOptions.MaxStopTime, _setup.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new SubscriptionException(_key.Name, Position,
                $"Subscription '{_key.Key}' is not stopped yet: its handler, called after position {Position}, still runs {_setup.BusOptions.MaxStopTime} after the stop and {EventBusOptions.StopGrace} after its token was cancelled. "
                + "The lease is kept until it returns, so that no other process handles the same event meanwhile. Handlers must end when their token is cancelled.", null);
        }
    }

    /// <inheritdoc cref="Requests.RunAsync"/>
    internal Task RequestAsync(Func<ValueTask> work, bool needsLease, CancellationToken cancellationToken) => _requests.RunAsync(work, needsLease, cancellationToken);

    /// <inheritdoc cref="Requests.RunInPartsAsync"/>
    internal Task RequestInPartsAsync(Func<ValueTask<bool>> work, bool needsLease, CancellationToken cancellationToken) => _requests.RunInPartsAsync(work, needsLease, cancellationToken);

    internal Task PauseAsync(CancellationToken cancellationToken) => RequestAsync(() =>
    {
        _state.Pause();
        if (State != SubscriptionState.Faulted) _state.Enter(SubscriptionState.Paused);
        return default;
    }, needsLease: false, cancellationToken);

    internal Task ResumeAsync(CancellationToken cancellationToken) => RequestAsync(() =>
    {
        _state.Resume();
        _events.ResetAttempts();
        if (State == SubscriptionState.Paused) _state.Enter(SubscriptionState.CatchingUp);
        return default;
    }, needsLease: false, cancellationToken);

    /// <summary>Takes part in a reset of all runners of the subscription: waits on the loop until it is committed or has failed.</summary>
    internal Task JoinAsync(SharedReset reset, GlobalPosition position) => RequestAsync(async () =>
    {
        await _progress.PrepareResetAsync(_state.Scope!).ConfigureAwait(false);
        await reset.ArriveAsync().ConfigureAwait(false);
        _progress.WasReset(position.ToInt64());
        _events.ResetAttempts();
    }, needsLease: true, CancellationToken.None);

    /// <summary>The change that moves the checkpoint in the write of a reset. Only while the loop waits in <see cref="JoinAsync"/>.</summary>
    internal RecordChange Reset(GlobalPosition position) => _progress.ChangeTo(position.ToInt64());

    /// <summary>The lease. Only while the loop waits in <see cref="JoinAsync"/>.</summary>
    internal Lease Lease => _state.Scope!.Lease;

    /// <summary>Handles the parked events of a key again, in order; stops at the first that fails. On the loop only.</summary>
    internal async ValueTask<int> RetryAsync(string key, GlobalPosition? through)
    {
        await _progress.SaveIfNeededAsync(_state.Scope!).ConfigureAwait(false);
        return await _parkedQueue.RetryAsync(key, through, () => _state.IsStopping, _state.Scope!).ConfigureAwait(false);
    }

    /// <summary>Writes what is done, then runs work under the lease. On the loop only.</summary>
    internal async ValueTask WriteAndRunAsync(Func<LeaseScope, ValueTask> work)
    {
        var scope = _state.Scope!;
        // Also where there is nothing to write: a place that was replaced is then opened again.
        await _progress.TrySaveAsync(scope).ConfigureAwait(false);
        await work(scope).ConfigureAwait(false);
    }

    /// <summary>Removes the parked events of a key. On the loop only.</summary>
    internal async ValueTask<int> DiscardAsync(string key, GlobalPosition? through)
    {
        await _progress.SaveIfNeededAsync(_state.Scope!).ConfigureAwait(false);
        return await _parkedQueue.DiscardAsync(key, through, _state.Scope!).ConfigureAwait(false);
    }

    /// <summary>True when everything up to a position is done.</summary>
    internal bool IsDone(GlobalPosition position) => _waiters.IsDone(position.ToInt64());

    /// <inheritdoc cref="PositionWait.WaitAsync"/>
    internal Task WaitForAsync(GlobalPosition position, CancellationToken cancellationToken) => _positionWait.WaitAsync(position.ToInt64(), cancellationToken);

    private async Task RunAsync()
    {
        while (!_state.IsStopping)
        {
            try
            {
                if (await TryHoldAsync().ConfigureAwait(false) is { } error) await RecoverAsync(error).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // Thrown by the clock or the randomness of the options, during the recovery.
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

        _state.Enter(SubscriptionState.Stopped);
        _requests.Close();
        _waiters.End(new ObjectDisposedException(nameof(Subscription), $"Subscription '{_key.Name}' was stopped."));
    }

    /// <summary>Waits for the lease and delivers while it is held. Returns the exception that ended it, or null.</summary>
    private async ValueTask<Exception?> TryHoldAsync()
    {
        try
        {
            _state.Enter(SubscriptionState.Standby);
            // Another process may get the lease now, and do such requests.
            if (_hasLostLease) _requests.FailLeaseRequests(_state.NotActive());
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
        var isCancelled = error is OperationCanceledException;
        // A stop or a request is no failure.
        if (isCancelled && (_state.IsStopping || _wake.IsRequested)) return;
        _statistics.LastError = error;
        if (error is LeaseLostException)
        {
            // Read after the line above, so that an error that a callback reports at the same time is not lost.
            if (_thrownByCallback is { } thrown) _statistics.LastError = thrown;
            return;
        }

        if (isCancelled || FailureState.MayPass(error)) await _wake.DelayAsync(_setup.BusOptions.DelayAfterFailure(++_state.FailedTries)).ConfigureAwait(false);
        else await WaitWhileFaultedAsync(error).ConfigureAwait(false);
    }

    private async Task HoldAsync()
    {
        _wake.Renew();
        if (_state.IsStopping) return;
        var lease = await AcquireAsync().ConfigureAwait(false);
        _thrownByCallback = null;
        using var scope = new LeaseScope(lease, _setup.Time, ReportCallback, _abort.Token);
        try
        {
            await DeliverAsync(scope).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_state.IsStopping && lease.IsHeld)
        {
            // The handler was cancelled; the events before its event are done.
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
            _state.Scope = null;
            _statistics.Begun = 0;
            _reader.Rest();
            _setup.Options.Place?.Close();
            await _setup.Leases.ReleaseAsync(lease).ConfigureAwait(false);
            _hasLostLease = true;
        }
    }

    private async ValueTask<Lease> AcquireAsync()
    {
        if (_setup.Options.Place is not { } place) return await _setup.Leases.AcquireAsync(_key, Report, _wake.Token).ConfigureAwait(false);
        var stored = await place.FindFencingTokenAsync(_wake.Token).ConfigureAwait(false);
        return await _setup.Leases.AcquireAsync(_key, stored + 1, Report, _wake.Token).ConfigureAwait(false);
    }

    private async Task DeliverAsync(LeaseScope scope)
    {
        var lost = scope.Lease.Lost.UnsafeRegister(static state => ((WakeSignal)state!).Request(), _wake);
        var askedBack = scope.Lease.AskedBack.UnsafeRegister(static state => ((WakeSignal)state!).Request(), _wake);
        await using (lost.ConfigureAwait(false))
        await using (askedBack.ConfigureAwait(false))
        {
            (_state.Scope, _delivery.Lease) = (scope, scope.Lease);
            // A place may have to be built first, which takes long.
            if (_setup.Options.Place is not null) _state.Enter(SubscriptionState.CatchingUp);
            await _progress.LoadAsync(scope).ConfigureAwait(false);
            _state.Enter(SubscriptionState.CatchingUp);
            await _activeLoop.RunAsync(scope).ConfigureAwait(false);
        }
    }

    private async ValueTask WaitWhileFaultedAsync(Exception error)
    {
        _state.Pause(error);
        _statistics.LastError = error;
        // The checkpoint in the log belongs to the log's present history. After a resume the runner continues from it.
        if (error is LogDivergedException) _reader.Forget();
        // Requests for which the runner was resumed fail with it. Those that arrive after the state has changed are done.
        _requests.FailLeaseRequests(_state.Stalled(SubscriptionState.Faulted, error));
        _state.Enter(SubscriptionState.Faulted);
        _hasLostLease = false;
        while (_state.IsPaused && !_state.IsStopping)
        {
            _wake.Renew();
            await _requests.DoAllAsync().ConfigureAwait(false);
            if (_state.IsPaused && !_state.IsStopping) await _wake.DelayAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        }
    }

    private void Abort() => _abort.CancelQuietly(Report);

    /// <summary>Keeps an error outside of the delivery, for the status. Any thread may call it.</summary>
    private void Report(Exception error) => _statistics.LastError = error;

    /// <summary>Keeps an error that a callback of the handler's token threw. The status shows it rather than the loss of the lease.</summary>
    private void ReportCallback(Exception error)
    {
        _thrownByCallback = error;
        Report(error);
    }
}
