using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>Delivers one segment of a subscription: waits for the lease, reads pages after the checkpoint, has their events delivered, waits for more.</summary>
/// <remarks>
/// One loop does everything, requests from outside included, so that nothing but the few fields read by status needs care.
/// What is asked of it from outside is queued and interrupts its waits.
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A source without timer or wait handle holds nothing that disposal would release.")]
internal sealed class Runner
{
    private readonly IEventLog _log;
    private readonly SegmentKey _key;
    private readonly SubscriberOptions _common;
    private readonly LeaseKeeper _leases;
    private readonly SemaphoreSlim? _places;
    private readonly SharedReader _reader;
    private readonly Action<string, SubscriptionState, Exception?> _changed;
    private readonly Delivery _delivery;
    private readonly Deliverer _deliverer;
    private readonly Parking _parking;
    private readonly Progress _progress;
    private readonly Tally _tally;
    private readonly Settlement _settlement = new();
    private readonly Interruption _interruption;
    private readonly Requests _requests = new();
    private readonly CancellationTokenSource _abort = new();
    private Task? _loop;
    private Tenure? _tenure;
    private volatile bool _isStopping;
    private volatile int _state = (int)SubscriptionState.Standby;
    private volatile Exception? _cause;
    private bool _isPaused;

    internal Runner(
        EventStore store, SegmentKey key, BoundHandler handler, SubscriptionOptions options, SubscriberOptions common, LeaseKeeper leases, SharedReader reader, SemaphoreSlim? places, Action<string, SubscriptionState, Exception?> changed, FailureReport report)
    {
        (_log, _key, _common, _leases, _reader, _places, _changed) = (store.Log, key, common, leases, reader, places, changed);
        _interruption = new(common.TimeProvider);
        _tally = new(common.TimeProvider);
        _delivery = new(store, key.Name, key.Segment);
        Parked = new(key, new(_log, options));
        _progress = new(_log, key, options, common.TimeProvider, _delivery, Parked, _settlement, _tally);
        _deliverer = new(store, key, handler, options, common, _delivery, _progress, Parked, _tally, _interruption, reader, report);
        _parking = new(_log, key, _delivery, _deliverer, Parked, _progress, _tally, report);
    }

    internal SubscriptionState State => (SubscriptionState)_state;

    internal GlobalPosition Position => GlobalPosition.FromInt64(_settlement.Position);

    internal double Rate => _tally.Rate.PerSecond;

    internal long Handled => _tally.Handled;

    internal long Failures => _tally.Failures;

    internal Exception? LastError => _tally.LastError;

    internal DateTimeOffset? LastErrorAt => _tally.LastErrorAt;

    /// <summary>The failure for which it is faulted or paused; null where it is paused by request.</summary>
    internal Exception? Cause => State is SubscriptionState.Faulted or SubscriptionState.Paused ? _cause : null;

    /// <summary>Who holds the lease, as far as this process knows, and for how long it has seen no sign of life of it.</summary>
    internal (Guid? Owner, TimeSpan? Silence) Holder => State switch
    {
        SubscriptionState.Standby => _leases.HolderOf(_key.Key),
        SubscriptionState.Faulted or SubscriptionState.Stopped => (null, null),
        _ => (_leases.Owner, null),
    };

    internal ParkedKeys Parked { get; }

    internal void Start(GlobalPosition position)
    {
        _settlement.MoveTo(position.ToInt64());
        // What the starter is doing is not the cause of what handlers do.
        _loop = Uncaptured.Run(RunAsync);
    }

    /// <summary>Ends the loop; the handler may go on for the stop timeout, then its token is cancelled.</summary>
    internal async Task StopAsync()
    {
        _isStopping = true;
        await _interruption.RequestAsync().ConfigureAwait(false);
        var timer = _common.TimeProvider.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), _abort, _common.StopTimeout, Timeout.InfiniteTimeSpan);
        await using (timer.ConfigureAwait(false))
            if (_loop is not null) await _loop.ConfigureAwait(false);
    }

    /// <summary>Has work done on the loop; fails when this process does not hold the lease.</summary>
    internal async Task RequestAsync(Func<ValueTask> work, bool needsLease, CancellationToken cancellationToken)
    {
        var request = new Request(work, needsLease);
        if (_isStopping || State is SubscriptionState.Standby or SubscriptionState.Stopped || !_requests.TryAdd(request)) throw NotActive();
        await _interruption.RequestAsync().ConfigureAwait(false);
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
        _deliverer.StartOver();
        if (State == SubscriptionState.Paused) Enter(SubscriptionState.CatchingUp);
        return default;
    }, needsLease: false, cancellationToken);

    internal Task ResetAsync(GlobalPosition position, CancellationToken cancellationToken) => RequestAsync(async () =>
    {
        await _progress.ResetAsync(position.ToInt64(), _tenure!).ConfigureAwait(false);
        _deliverer.StartOver();
    }, needsLease: true, cancellationToken);

    /// <summary>Delivers the events of a key that are set aside, in order; stops at the first that fails again. On the loop only.</summary>
    internal ValueTask<int> RetryAsync(string key, GlobalPosition? through) => _parking.RetryAsync(key, through, () => _isStopping, _tenure!);

    /// <summary>Removes the events of a key that are set aside. On the loop only.</summary>
    internal ValueTask<int> DiscardAsync(string key, GlobalPosition? through) => _parking.DiscardAsync(key, through, _tenure!);

    /// <summary>Completes when everything up to a position is done.</summary>
    internal Task WaitForAsync(GlobalPosition position, CancellationToken cancellationToken) => _settlement.WaitForAsync(position.ToInt64(), cancellationToken);

    private async Task RunAsync()
    {
        var failures = 0;
        while (!_isStopping)
        {
            try
            {
                Enter(SubscriptionState.Standby);
                await HoldAsync().ConfigureAwait(false);
                failures = 0;
            }
            catch (OperationCanceledException)
            {
                // Stopped, or asked for something, or the lease is lost: none is a failure.
            }
            catch (LeaseLostException e)
            {
                _tally.LastError = e;
            }
            catch (EventSourcingException e) when (e.IsTransient)
            {
                _tally.LastError = e;
                await _interruption.DelayAsync(_common.DelayAfterTrouble(++failures)).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _tally.LastError = e;
                (_isPaused, _cause) = (true, e);
                Enter(SubscriptionState.Faulted);
                await WaitWhileFaultedAsync().ConfigureAwait(false);
            }
        }

        Enter(SubscriptionState.Stopped);
        _requests.Close(NotActive());
        _settlement.End(new ObjectDisposedException(nameof(Subscription), $"Subscription '{_key.Name}' was stopped."));
    }

    private async Task HoldAsync()
    {
        _interruption.Renew();
        if (_isStopping) return;
        var lease = await _leases.AcquireAsync(_key, _interruption.Token).ConfigureAwait(false);
        using var tenure = new Tenure(lease, _common.TimeProvider, _abort.Token);
        try
        {
            var lost = lease.Lost.UnsafeRegister(static state => ((Interruption)state!).Request(), _interruption);
            var askedBack = lease.AskedBack.UnsafeRegister(static state => ((Interruption)state!).Request(), _interruption);
            await using (lost.ConfigureAwait(false))
            await using (askedBack.ConfigureAwait(false))
            {
                (_tenure, _delivery.Epoch) = (tenure, lease.Epoch);
                await _progress.LoadAsync(tenure.Token).ConfigureAwait(false);
                Enter(SubscriptionState.CatchingUp);
                await DeliverAsync(tenure).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_isStopping && lease.IsHeld)
        {
            // The handler was cut short; what came before its event is done.
            await _progress.TrySaveIfNeededAsync(tenure).ConfigureAwait(false);
        }
        finally
        {
            _delivery.Forget(0);
            Parked.ForgetWaiting();
            _tenure = null;
            _reader.Rest();
            await _leases.ReleaseAsync(lease).ConfigureAwait(false);
        }
    }

    private async Task DeliverAsync(Tenure tenure)
    {
        while (true)
        {
            _interruption.Renew();
            tenure.ThrowIfLost();
            await DoRequestsAsync().ConfigureAwait(false);
            if (_isStopping || tenure.Lease.IsAskedBack)
            {
                await _progress.TrySaveIfNeededAsync(tenure).ConfigureAwait(false);
                return;
            }

            if (_isPaused)
            {
                await _progress.TrySaveIfNeededAsync(tenure).ConfigureAwait(false);
                Enter(SubscriptionState.Paused);
                _reader.Rest();
                await _interruption.DelayAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
                continue;
            }

            if (!await ReadPageAsync(tenure).ConfigureAwait(false))
            {
                // Pages and handlers may all complete at once: others that wait for the thread pool get their turn between two pages.
                if (ThreadPool.PendingWorkItemCount > 0) await Task.Yield();
                continue;
            }

            if (!await _progress.TryWriteWaitingAsync(tenure).ConfigureAwait(false)) continue;
            Enter(SubscriptionState.Live);
            await WaitForMoreAsync(tenure).ConfigureAwait(false);
        }
    }

    /// <summary>Has a page delivered; true when it reached the head.</summary>
    private async ValueTask<bool> ReadPageAsync(Tenure tenure)
    {
        // No handler is at work meanwhile: what is read is delivered once the checkpoint is written.
        var saving = _progress.IsSaveDue ? _progress.TrySaveAsync(tenure) : new(true);
        using var page = await ReadNextAsync(saving, tenure).ConfigureAwait(false);
        if (page is null) return false;
        if (!page.IsLast) Enter(SubscriptionState.CatchingUp);
        _progress.BeginPage(page.IsLast || page.Events.IsEmpty ? long.MaxValue : page.Events[^1].Position.ToInt64());
        if (!page.Events.IsEmpty)
        {
            if (_places is not null && !await TryTakePlaceAsync(_places, tenure).ConfigureAwait(false)) return false;
            try
            {
                if (!await _deliverer.DeliverAsync(page, tenure).ConfigureAwait(false))
                {
                    if (_deliverer.HasGivenUp) (_isPaused, _cause) = (true, _tally.LastError);
                    return false;
                }
            }
            finally
            {
                _places?.Release();
            }
        }

        return await _progress.PassAsync(page.IsLast ? page.Head.ToInt64() : page.Next - 1, tenure).ConfigureAwait(false) && page.IsLast;
    }

    /// <summary>Waits until a handler may run; false when what is written before the wait was refused.</summary>
    private async ValueTask<bool> TryTakePlaceAsync(SemaphoreSlim places, Tenure tenure)
    {
        if (await places.WaitAsync(TimeSpan.Zero, CancellationToken.None).ConfigureAwait(false)) return true;
        // Those who have the places may keep them for long.
        if (Parked.IsWaiting && !await _progress.TrySaveAsync(tenure).ConfigureAwait(false)) return false;
        await places.WaitAsync(tenure.Token).ConfigureAwait(false);
        return true;
    }

    /// <summary>Reads the next page; null when the checkpoint that is written meanwhile was refused.</summary>
    private async ValueTask<LogPage?> ReadNextAsync(ValueTask<bool> saving, Tenure tenure)
    {
        LogPage page;
        try
        {
            page = await _reader.ReadAsync(_progress.Position + 1, tenure.Token).ConfigureAwait(false);
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

    private async ValueTask WaitForMoreAsync(Tenure tenure)
    {
        var interrupted = _interruption.Token;
        using var due = _progress.HasUnsaved ? new CancellationTokenSource(_progress.DueIn, _common.TimeProvider) : null;
        using var both = due is null ? null : CancellationTokenSource.CreateLinkedTokenSource(interrupted, due.Token);
        try
        {
            await _log.WaitAsync(GlobalPosition.FromInt64(_progress.Position), both?.Token ?? interrupted).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_interruption.IsRequested || due is { IsCancellationRequested: true })
        {
            if (!_interruption.IsRequested) await _progress.TrySaveAsync(tenure).ConfigureAwait(false);
        }
    }

    private async ValueTask DoRequestsAsync()
    {
        while (_requests.Next is { } request)
        {
            if (request.NeedsLease && _tenure is null)
            {
                // Faulted: it is begun again to do what is asked.
                (_isPaused, _cause) = (false, null);
                return;
            }

            _requests.RemoveNext();
            try
            {
                await request.Work().ConfigureAwait(false);
                request.Done.SetResult();
            }
            catch (Exception e)
            {
                request.Done.SetException(e is EffectException { Error: var refusal } ? refusal : e);
                if (e is not EffectException && (_tenure is null || _tenure.Token.IsCancellationRequested || e is LeaseLostException)) throw;
                // What the checkpoint is cannot be told any more, unless it is read again.
                if (_tenure is not null) await _progress.LoadAsync(_tenure.Token).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask WaitWhileFaultedAsync()
    {
        while (_isPaused && !_isStopping)
        {
            _interruption.Renew();
            await DoRequestsAsync().ConfigureAwait(false);
            if (_isPaused && !_isStopping) await _interruption.DelayAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        }
    }

    /// <summary>The one place where the state changes.</summary>
    private void Enter(SubscriptionState next)
    {
        var current = State;
        if (current == next) return;
        if (current == SubscriptionState.Stopped || (next is SubscriptionState.Live or SubscriptionState.Paused && _tenure is null))
            throw new InvalidOperationException($"A runner does not go from {current} to {next}.");
        _state = (int)next;
        _changed(_key.Key, next, next is SubscriptionState.Faulted or SubscriptionState.Paused ? _cause : null);
    }

    private InvalidOperationException NotActive() =>
        new($"Subscription '{_key.Key}' is not active in this process: it is {State}.");
}
