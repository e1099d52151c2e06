using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>Delivers one segment of a subscription: waits for the lease, reads pages after the checkpoint, hands their events over, writes the checkpoint.</summary>
/// <remarks>
/// One loop does everything, requests from outside included, so that nothing but the few fields read by status needs care.
/// What is asked of it from outside is queued and interrupts its waits.
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "Sources without timer or wait handle hold nothing that disposal would release.")]
internal sealed class Runner
{
    // Events that are not for the handler are passed over for nothing after a crash, which costs reading them again only.
    private const long PassedBeforeCheckpoint = 16_384;

    private readonly EventStore _store;
    private readonly SegmentKey _key;
    private readonly SubscriptionHandler _handler;
    private readonly SubscriptionOptions _options;
    private readonly SubscriberOptions _common;
    private readonly LeaseKeeper _leases;
    private readonly SemaphoreSlim? _places;
    private readonly LogRead _read;
    private readonly Action<string, SubscriptionState, Exception?> _changed;
    private readonly Delivery _delivery;
    private readonly RateMeter _rate;
    private readonly ParkedKeys _parked = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly Lock _lock = new();
    private readonly Queue<Request> _requests = new();
    private readonly List<(long Position, TaskCompletionSource Done)> _waiters = [];
    private CancellationTokenSource _interrupt = new();
    private CancellationTokenSource? _handling;
    private RecordedEvent[] _batch = [];
    private Task? _loop;
    private Lease? _lease;
    private volatile bool _isStopping;
    private volatile int _state = (int)SubscriptionState.Standby;
    private volatile Exception? _lastError;
    private volatile bool _hasWaiters;
    private bool _isPaused, _isPausedByFailure;
    private long _position, _settled, _saved, _furthest, _revision, _lastOfPage, _isolatedThrough, _failingAt, _handled, _failures;
    private int _attempts, _unsaved;

    internal Runner(
        EventStore store, SegmentKey key, SubscriptionHandler handler, SubscriptionOptions options, SubscriberOptions common, LeaseKeeper leases, LogRead read, SemaphoreSlim? places, Action<string, SubscriptionState, Exception?> changed)
    {
        (_store, _key, _handler, _options, _common, _leases, _read, _places, _changed) = (store, key, handler, options, common, leases, read, places, changed);
        _delivery = new(store, key.Name, key.Segment);
        _rate = new(common.TimeProvider);
    }

    /// <summary>Something asked from outside, done on the loop while the lease is held.</summary>
    private sealed record Request(Func<CancellationToken, ValueTask> Work, bool NeedsLease, TaskCompletionSource Done);

    internal SubscriptionState State => (SubscriptionState)_state;

    internal GlobalPosition Position => GlobalPosition.FromInt64(Volatile.Read(ref _settled));

    internal double Rate => _rate.PerSecond;

    internal long Handled => Volatile.Read(ref _handled);

    internal long Failures => Volatile.Read(ref _failures);

    internal Exception? LastError => _lastError;

    internal ParkedKeys Parked => _parked;

    private IEventLog Log => _store.Log;

    private bool IsInterrupted => Volatile.Read(ref _interrupt).IsCancellationRequested;

    internal void Start(GlobalPosition position)
    {
        _position = _settled = position.ToInt64();
        // What the starter is doing is not the cause of what handlers do.
        using (ExecutionContext.SuppressFlow()) _loop = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Ends the loop; the handler may go on for the stop timeout, then its token is cancelled.</summary>
    internal async Task StopAsync()
    {
        _isStopping = true;
        await InterruptAsync().ConfigureAwait(false);
        var timer = _common.TimeProvider.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), _abort, _common.StopTimeout, Timeout.InfiniteTimeSpan);
        await using (timer.ConfigureAwait(false))
            if (_loop is not null) await _loop.ConfigureAwait(false);
    }

    /// <summary>Has work done on the loop; fails when this process does not hold the lease.</summary>
    internal async Task RequestAsync(Func<CancellationToken, ValueTask> work, bool needsLease, CancellationToken cancellationToken)
    {
        var request = new Request(work, needsLease, new(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            if (_isStopping || State is SubscriptionState.Standby or SubscriptionState.Stopped) throw NotActive();
            _requests.Enqueue(request);
        }

        await InterruptAsync().ConfigureAwait(false);
        await request.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    internal Task PauseAsync(CancellationToken cancellationToken) => RequestAsync(_ =>
    {
        _isPaused = true;
        if (State != SubscriptionState.Faulted) Enter(SubscriptionState.Paused);
        return default;
    }, needsLease: false, cancellationToken);

    internal Task ResumeAsync(CancellationToken cancellationToken) => RequestAsync(_ =>
    {
        (_isPaused, _isPausedByFailure, _attempts) = (false, false, 0);
        if (State == SubscriptionState.Paused) Enter(SubscriptionState.CatchingUp);
        return default;
    }, needsLease: false, cancellationToken);

    internal Task ResetAsync(GlobalPosition position, CancellationToken cancellationToken) => RequestAsync(async _ =>
    {
        // What was enlisted belongs to events that are handled: it is written with the checkpoint that is left behind.
        await SaveAsync().ConfigureAwait(false);
        _position = position.ToInt64();
        (_isolatedThrough, _attempts) = (0, 0);
        await SaveAsync().ConfigureAwait(false);
    }, needsLease: true, cancellationToken);

    /// <summary>Completes when everything up to a position is done.</summary>
    internal async Task WaitForAsync(GlobalPosition position, CancellationToken cancellationToken)
    {
        var waiter = (position.ToInt64(), Done: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(State == SubscriptionState.Stopped, typeof(Subscription));
            _waiters.Add(waiter);
            _hasWaiters = true;
        }

        try
        {
            Notify();
            await waiter.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock) _waiters.Remove(waiter);
        }
    }

    // ---- the loop

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
                _lastError = e;
            }
            catch (EventSourcingException e) when (e.IsTransient)
            {
                _lastError = e;
                await DelayAsync(_common.DelayAfterTrouble(++failures)).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _lastError = e;
                _isPaused = true;
                Enter(SubscriptionState.Faulted);
                await WaitWhilePausedAsync().ConfigureAwait(false);
            }
        }

        End();
    }

    private async Task HoldAsync()
    {
        RenewInterrupt();
        if (_isStopping) return;
        var lease = await _leases.AcquireAsync(_key, _interrupt.Token).ConfigureAwait(false);
        try
        {
            using var handling = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, _abort.Token);
            var lost = lease.Lost.UnsafeRegister(static state => ((Runner)state!).Interrupt(), this);
            var askedBack = lease.AskedBack.UnsafeRegister(static state => ((Runner)state!).Interrupt(), this);
            await using (lost.ConfigureAwait(false))
            await using (askedBack.ConfigureAwait(false))
            {
                (_lease, _handling, _delivery.Epoch) = (lease, handling, lease.Epoch);
                await LoadAsync().ConfigureAwait(false);
                Enter(SubscriptionState.CatchingUp);
                await DeliverAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_isStopping && lease.IsHeld)
        {
            // The handler was cut short; what came before its event is done.
            await TrySaveIfNeededAsync().ConfigureAwait(false);
        }
        finally
        {
            _delivery.Forget(0);
            (_lease, _handling) = (null, null);
            await _leases.ReleaseAsync(lease).ConfigureAwait(false);
        }
    }

    private async Task DeliverAsync()
    {
        while (true)
        {
            RenewInterrupt();
            if (!_lease!.IsHeld) throw _lease.Error();
            await DoRequestsAsync().ConfigureAwait(false);
            if (_isStopping || _lease.IsAskedBack)
            {
                await TrySaveIfNeededAsync().ConfigureAwait(false);
                return;
            }

            if (_isPaused)
            {
                await TrySaveIfNeededAsync().ConfigureAwait(false);
                Enter(SubscriptionState.Paused);
                await DelayAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
                continue;
            }

            if (!await ReadPageAsync().ConfigureAwait(false))
            {
                // Pages and handlers may all complete at once: others that wait for the thread pool get their turn between two pages.
                if (ThreadPool.PendingWorkItemCount > 0) await Task.Yield();
                continue;
            }

            if (_delivery.EffectCount > 0 && !await TrySaveAsync().ConfigureAwait(false)) continue;
            Enter(SubscriptionState.Live);
            await WaitForMoreAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Delivers a page; true when it reached the head.</summary>
    private async ValueTask<bool> ReadPageAsync()
    {
        // No handler is at work meanwhile: what is read is delivered once the checkpoint is written.
        var saving = IsSaveDue ? TrySaveAsync() : new(true);
        using var page = await ReadNextAsync(saving).ConfigureAwait(false);
        if (page is null) return false;
        if (!page.IsLast) Enter(SubscriptionState.CatchingUp);
        _lastOfPage = page.IsLast || page.Events.IsEmpty ? long.MaxValue : page.Events[^1].Position.ToInt64();
        if (!page.Events.IsEmpty)
        {
            if (_places is not null) await _places.WaitAsync(_handling!.Token).ConfigureAwait(false);
            try
            {
                var done = _handler.IsBatch ? await DeliverBatchesAsync(page).ConfigureAwait(false) : await DeliverEachAsync(page).ConfigureAwait(false);
                if (!done) return false;
            }
            finally
            {
                _places?.Release();
            }
        }

        _position = page.IsLast ? page.Head.ToInt64() : page.Next - 1;
        Settle();
        if (_position - _saved >= PassedBeforeCheckpoint && _unsaved == 0) return await TrySaveAsync().ConfigureAwait(false) && page.IsLast;
        return page.IsLast;
    }

    private async ValueTask<LogPage?> ReadNextAsync(ValueTask<bool> saving)
    {
        LogPage page;
        try
        {
            page = await Log.ReadAsync(_read with { From = _position + 1 }, _handling!.Token).ConfigureAwait(false);
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

    private async ValueTask<bool> DeliverEachAsync(LogPage page)
    {
        var handled = 0;
        try
        {
            for (var i = 0; i < page.Events.Length; i++)
            {
                if (IsInterrupted) return false;
                var e = page.Events[i];
                var choice = Choose(e, out var key);
                if (choice == Choice.Pass) continue;
                if (!await DeliverAsync(e, choice, key).ConfigureAwait(false)) return false;
                handled++;
            }

            return true;
        }
        finally
        {
            _rate.Add(handled);
        }
    }

    private async ValueTask<bool> DeliverBatchesAsync(LogPage page)
    {
        if (_batch.Length < page.Events.Length) _batch = new RecordedEvent[page.Events.Length];
        for (var next = 0; next < page.Events.Length;)
        {
            if (IsInterrupted) return false;
            var count = Collect(page.Events, ref next, out var choice, out var key);
            if (!await DeliverBatchAsync(count).ConfigureAwait(false)) return false;
            if (choice != Choice.Pass && !await DeliverAsync(page.Events[next++], choice, key).ConfigureAwait(false)) return false;
        }

        return true;
    }

    /// <summary>Copies the next batch; stops before an event that is to come alone, and says what is to become of it.</summary>
    private int Collect(ReadOnlySpan<RecordedEvent> events, ref int next, out Choice choice, out string? key)
    {
        (choice, key) = (Choice.Pass, null);
        var count = 0;
        for (; next < events.Length && count < _options.CheckpointEvery; next++)
        {
            ref readonly var e = ref events[next];
            choice = Choose(e, out key);
            if (choice == Choice.Pass) continue;
            if (choice != Choice.Handle || e.Position.ToInt64() <= _isolatedThrough) return count;
            _batch[count++] = e;
        }

        choice = Choice.Pass;
        return count;
    }

    private async ValueTask<bool> DeliverBatchAsync(int count)
    {
        if (count == 0) return true;
        if (!_lease!.IsHeld) throw _lease.Error();
        var last = _batch[count - 1].Position.ToInt64();
        // So that a batch and what came before it never are more than the interval together.
        if (_unsaved > 0 && _unsaved + count > _options.CheckpointEvery && !await TrySaveAsync().ConfigureAwait(false)) return false;
        var enlisted = _delivery.EffectCount;
        try
        {
            _delivery.Begin(_batch[0], 1, _batch[0].Position.ToInt64() <= _furthest, isBatch: true);
            await _handler.HandleAsync(_batch.AsMemory(0, count), _store.Decoder, _delivery, _handling!.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (_handling!.IsCancellationRequested)
        {
            throw CutShort(e, enlisted);
        }
        catch (Exception e)
        {
            // Which event it was is found by delivering them one by one, once what came before is written.
            Failed(e, enlisted);
            if (_delivery.EffectCount == 0 || await TrySaveAsync().ConfigureAwait(false)) _isolatedThrough = last;
            return false;
        }
        finally
        {
            Array.Clear(_batch, 0, count);
        }

        _rate.Add(count);
        return await DoneAsync(last, count).ConfigureAwait(false);
    }

    /// <summary>Hands one event over until it is handled or set aside; false when the page is to be left, the event not done.</summary>
    private async ValueTask<bool> DeliverAsync(RecordedEvent e, Choice choice, string? key)
    {
        if (!_lease!.IsHeld) throw _lease.Error();
        if (choice == Choice.Hold) return await ParkAsync(e, key!, 0, "an earlier event of the key is set aside").ConfigureAwait(false);

        var position = e.Position.ToInt64();
        var isIsolated = position <= _isolatedThrough;
        for (var attempt = _failingAt == position ? _attempts + 1 : 1; ; attempt++)
        {
            if (await AttemptAsync(e, attempt, isIsolated, choice == Choice.Ask).ConfigureAwait(false) is not { } error)
                return await DoneAsync(position, 1).ConfigureAwait(false);
            (_failingAt, _attempts) = (position, attempt);
            if (_delivery.EffectCount > 0 && !await TrySaveAsync().ConfigureAwait(false)) return false;
            if (attempt <= _options.OnFailure.Times && error is not EventSerializationException)
            {
                await DelayAsync(_options.OnFailure.DelayAfter(attempt, _common.Randomness())).ConfigureAwait(false);
                if (IsInterrupted) return false;
                if (!_lease.IsHeld) throw _lease.Error();
                continue;
            }

            if (_options.OnFailure.Parks) return await ParkAsync(e, _options.KeyOrStream(e, out _), attempt, Describe(error)).ConfigureAwait(false);

            _lastError = new SubscriptionException(_key.Name, e.Position, attempt, error);
            (_isPaused, _isPausedByFailure, _attempts) = (true, true, 0);
            return false;
        }
    }

    /// <summary>One attempt; what it threw, or null. What it had enlisted before it threw is forgotten.</summary>
    private async ValueTask<Exception?> AttemptAsync(RecordedEvent e, int attempt, bool isIsolated, bool isAsked)
    {
        var enlisted = _delivery.EffectCount;
        try
        {
            if (isAsked && !IsWanted(e)) return null;
            _delivery.Begin(e, attempt, e.Position.ToInt64() <= _furthest);
            await _handler.HandleAsync(e, _store.Decoder, _delivery, _handling!.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (_handling!.IsCancellationRequested)
        {
            throw CutShort(error, enlisted);
        }
        catch (Exception error)
        {
            return Failed(error, enlisted);
        }

        if (!isIsolated || _delivery.EffectCount == 0) return null;
        try
        {
            await WriteAsync(e.Position.ToInt64(), null).ConfigureAwait(false);
            return null;
        }
        catch (EffectException error)
        {
            return Failed(error.InnerException!, 0);
        }
    }

    private Exception CutShort(Exception error, int enlisted)
    {
        _delivery.Forget(enlisted);
        return _abort.IsCancellationRequested ? new OperationCanceledException("The handler was cut short by the end of its subscription.", error) : _lease!.Error();
    }

    private Exception Failed(Exception error, int enlisted)
    {
        _delivery.Forget(enlisted);
        _lastError = error;
        Interlocked.Increment(ref _failures);
        return error;
    }

    private async ValueTask<bool> DoneAsync(long position, int count)
    {
        _position = position;
        _unsaved += count;
        Volatile.Write(ref _handled, _handled + count);
        Settle();
        // Due at the page's end, it is written while the next page is read.
        return !IsSaveDue || position == _lastOfPage || await TrySaveAsync().ConfigureAwait(false);
    }

    private async ValueTask WaitForMoreAsync()
    {
        using var idle = _unsaved == 0 ? null : new CancellationTokenSource(_options.CheckpointIdle, _common.TimeProvider);
        using var both = idle is null ? null : CancellationTokenSource.CreateLinkedTokenSource(_interrupt.Token, idle.Token);
        try
        {
            await Log.WaitAsync(GlobalPosition.FromInt64(_position), both?.Token ?? _interrupt.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (IsInterrupted || idle is { IsCancellationRequested: true })
        {
            if (!IsInterrupted) await TrySaveAsync().ConfigureAwait(false);
        }
    }

    // ---- checkpoints

    private async ValueTask LoadAsync()
    {
        var records = await Log.ReadRecordsAsync(RecordKind.Checkpoint, _key.Key, _key.Key, 1, _handling!.Token).ConfigureAwait(false);
        if (records is not [var record]) throw new StoreCorruptException("it is gone", $"checkpoint '{_key.Key}'");
        var checkpoint = Checkpoint.Parse(record);
        (_position, _furthest, _revision) = (checkpoint.Position, checkpoint.Furthest, record.Revision);
        (_saved, _unsaved) = (_position, 0);
        _delivery.Forget(0);
        await _parked.LoadAsync(Log, _key, _handling.Token).ConfigureAwait(false);
        Settle();
    }

    private bool IsSaveDue => _unsaved >= _options.CheckpointEvery;

    private bool IsSaveNeeded => _unsaved > 0 || _position != _saved || _delivery.EffectCount > 0;

    private ValueTask SaveIfNeededAsync() => IsSaveNeeded ? SaveAsync() : default;

    private async ValueTask TrySaveIfNeededAsync()
    {
        if (IsSaveNeeded) await TrySaveAsync().ConfigureAwait(false);
    }

    private ValueTask SaveAsync() => WriteAsync(_position, null);

    /// <summary>Writes the checkpoint; false when an effect was refused: the events since the last checkpoint then come again one by one.</summary>
    private async ValueTask<bool> TrySaveAsync()
    {
        try
        {
            await SaveAsync().ConfigureAwait(false);
            return true;
        }
        catch (EffectException e)
        {
            _lastError = e.InnerException;
            _isolatedThrough = Math.Max(_isolatedThrough, _position);
            await LoadAsync().ConfigureAwait(false);
            return false;
        }
    }

    /// <summary>One transaction: judged by the lease's epoch, the effects, an event set aside, the checkpoint.</summary>
    private async ValueTask WriteAsync(long position, ParkedEvent? parked)
    {
        var lease = _lease!;
        var checkpoint = new Checkpoint(position, Math.Max(position, _furthest), _key.Segments).ToBytes();
        await TransactAsync(transaction =>
        {
            lease.Fence(transaction);
            RunEffects(transaction);
            if (parked is not null) transaction.TryPut(RecordKind.Parked, _key.ParkedKey(parked.Key, parked.Event.Position), parked.ToBytes(), null);
            if (!transaction.TryPut(RecordKind.Checkpoint, _key.Key, checkpoint, _revision)) throw lease.Error();
            return true;
        }).ConfigureAwait(false);
        _revision++;
        (_saved, _unsaved) = (position, 0);
        _furthest = Math.Max(_furthest, position);
        _delivery.Forget(0);
        Settle();
    }

    /// <summary>A transaction of the kind that the effects need.</summary>
    private async ValueTask TransactAsync(Func<ILogTransaction, bool> work)
    {
        if (!_delivery.IsNative)
        {
            await Log.TransactAsync(work, CancellationToken.None).ConfigureAwait(false);
            return;
        }

        try
        {
            await Log.TransactNativelyAsync(work, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (EventSourcingException or EffectException or ObjectDisposedException))
        {
            // What the effects left behind was refused at the end: a deferred foreign key, for one.
            throw new EffectException(e);
        }
    }

    private void RunEffects(ILogTransaction transaction)
    {
        try
        {
            _delivery.Run(transaction);
        }
        catch (Exception e) when (e is not StoreUnavailableException)
        {
            throw new EffectException(e);
        }
    }

    /// <summary>An effect was refused inside the transaction; nothing of it is kept.</summary>
    private sealed class EffectException(Exception innerException) : Exception(innerException.Message, innerException);

    // ---- events set aside

    private async ValueTask<bool> ParkAsync(RecordedEvent e, string key, int attempts, string reason)
    {
        if (_delivery.EffectCount > 0 && !await TrySaveAsync().ConfigureAwait(false)) return false;
        var parked = new ParkedEvent { Event = e, Key = key, Attempts = attempts, Reason = reason, ParkedAt = _common.TimeProvider.GetUtcNow() };
        await WriteAsync(e.Position.ToInt64(), parked).ConfigureAwait(false);
        _parked.Add(parked);
        return await DoneAsync(e.Position.ToInt64(), 0).ConfigureAwait(false);
    }

    /// <summary>Delivers the events of a key that are set aside, in order; stops at the first that fails again. On the loop only.</summary>
    internal async ValueTask<int> RetryAsync(string key, GlobalPosition? through, CancellationToken cancellationToken)
    {
        await SaveIfNeededAsync().ConfigureAwait(false);
        var handled = 0;
        await foreach (var (record, parked) in ParkedKeys.ReadAsync(Log, _key.ParkedKeyPrefix(key), cancellationToken).ConfigureAwait(false))
        {
            // Two keys may share a hash.
            if (parked.Key != key) continue;
            if (parked.Event.Position > through || _isStopping) break;
            if (await RetryAsync(record, parked).ConfigureAwait(false)) handled++;
            else break;
        }

        await _parked.LoadAsync(Log, _key, cancellationToken).ConfigureAwait(false);
        return handled;
    }

    internal async ValueTask<int> DiscardAsync(string key, GlobalPosition? through, CancellationToken cancellationToken)
    {
        var lease = _lease!;
        var discarded = 0;
        await foreach (var (record, parked) in ParkedKeys.ReadAsync(Log, _key.ParkedKeyPrefix(key), cancellationToken).ConfigureAwait(false))
        {
            if (parked.Key != key || parked.Event.Position > through) continue;
            await Log.TransactAsync(transaction =>
            {
                lease.Fence(transaction);
                return transaction.TryRemove(RecordKind.Parked, record.Key, null);
            }, CancellationToken.None).ConfigureAwait(false);
            discarded++;
        }

        await _parked.LoadAsync(Log, _key, cancellationToken).ConfigureAwait(false);
        return discarded;
    }

    private async ValueTask<bool> RetryAsync(Record record, ParkedEvent parked)
    {
        var lease = _lease!;
        if (!lease.IsHeld) throw lease.Error();
        var error = await AttemptAsync(parked.Event, parked.Attempts + 1, isIsolated: false, isAsked: true).ConfigureAwait(false);
        try
        {
            await TransactAsync(transaction =>
            {
                lease.Fence(transaction);
                if (error is null)
                {
                    RunEffects(transaction);
                    return transaction.TryRemove(RecordKind.Parked, record.Key, record.Revision);
                }

                var again = parked with { Attempts = parked.Attempts + 1, Reason = Describe(error) };
                return transaction.TryPut(RecordKind.Parked, record.Key, again.ToBytes(), record.Revision);
            }).ConfigureAwait(false);
        }
        catch (EffectException e)
        {
            error = Failed(e.InnerException!, 0);
        }

        _delivery.Forget(0);
        if (error is null) Volatile.Write(ref _handled, _handled + 1);
        return error is null;
    }

    private static string Describe(Exception error)
    {
        var text = $"{error.GetType().Name}: {error.Message}";
        return text.Length <= 2000 ? text : text[..2000];
    }

    // ---- what is asked from outside

    private async ValueTask DoRequestsAsync()
    {
        while (true)
        {
            Request? request;
            lock (_lock)
            {
                if (!_requests.TryPeek(out request)) return;
                if (request.NeedsLease && _lease is null)
                {
                    // Faulted: it is begun again to do what is asked.
                    _isPaused = false;
                    return;
                }

                _requests.Dequeue();
            }

            try
            {
                await request.Work(_handling?.Token ?? _abort.Token).ConfigureAwait(false);
                request.Done.SetResult();
            }
            catch (Exception e)
            {
                request.Done.SetException(e is EffectException { InnerException: { } inner } ? inner : e);
                if (e is not EffectException && (_handling is null || _handling.IsCancellationRequested || e is LeaseLostException)) throw;
                // What the checkpoint is cannot be told any more, unless it is read again.
                if (_lease is not null) await LoadAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask WaitWhilePausedAsync()
    {
        while (_isPaused && !_isStopping)
        {
            RenewInterrupt();
            await DoRequestsAsync().ConfigureAwait(false);
            if (_isPaused && !_isStopping) await DelayAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        }
    }

    /// <summary>Waits; anything asked from outside ends it.</summary>
    private async ValueTask DelayAsync(TimeSpan time)
    {
        if (time != TimeSpan.Zero)
            await Task.Delay(time, _common.TimeProvider, _interrupt.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void RenewInterrupt()
    {
        lock (_lock)
            if (_interrupt.IsCancellationRequested) Volatile.Write(ref _interrupt, new());
    }

    private Task InterruptAsync()
    {
        lock (_lock) return _interrupt.CancelAsync();
    }

    private void Interrupt()
    {
        CancellationTokenSource interrupt;
        lock (_lock) interrupt = _interrupt;
        interrupt.Cancel();
    }

    // ---- state

    /// <summary>The one place where the state changes.</summary>
    private void Enter(SubscriptionState next)
    {
        var current = State;
        if (current == next) return;
        if (current == SubscriptionState.Stopped || (next is SubscriptionState.Live or SubscriptionState.Paused && _lease is null))
            throw new InvalidOperationException($"A runner does not go from {current} to {next}.");
        _state = (int)next;
        _changed(_key.Key, next, next == SubscriptionState.Faulted || (next == SubscriptionState.Paused && _isPausedByFailure) ? _lastError : null);
    }

    private void End()
    {
        Request[] requests;
        TaskCompletionSource[] waiters;
        lock (_lock)
        {
            Enter(SubscriptionState.Stopped);
            requests = [.. _requests];
            waiters = [.. _waiters.Select(w => w.Done)];
            _requests.Clear();
        }

        foreach (var request in requests) request.Done.TrySetException(NotActive());
        foreach (var waiter in waiters) waiter.TrySetException(new ObjectDisposedException(nameof(Subscription), $"Subscription '{_key.Name}' was stopped."));
    }

    /// <summary>What is done for good as far as this process goes: not what waits for its transaction.</summary>
    private void Settle()
    {
        if (_delivery.EffectCount > 0) return;
        Volatile.Write(ref _settled, _position);
        if (_hasWaiters) Notify();
    }

    private void Notify()
    {
        lock (_lock)
        {
            var settled = Volatile.Read(ref _settled);
            foreach (var (position, done) in _waiters)
                if (position <= settled) done.TrySetResult();
            _waiters.RemoveAll(w => w.Done.Task.IsCompleted);
            _hasWaiters = _waiters.Count > 0;
        }
    }

    /// <summary>What is to become of an event that was read.</summary>
    private enum Choice
    {
        /// <summary>It is not for the handler.</summary>
        Pass,

        /// <summary>It is for the handler.</summary>
        Handle,

        /// <summary>It is set aside, as an earlier one of its key was.</summary>
        Hold,

        /// <summary>Its key or the filter threw: asked again by each attempt, as part of the handler.</summary>
        Ask,
    }

    private Choice Choose(in RecordedEvent e, out string? key)
    {
        key = null;
        if (!_handler.Selects(e.Type)) return Choice.Pass;
        if (_key.IsGroup || _parked.Count > 0)
        {
            key = _options.KeyOrStream(e, out var isKnown);
            if (!_key.Holds(key)) return Choice.Pass;
            if (!isKnown) return Choice.Ask;
        }

        try
        {
            if (_options.Filter?.Invoke(e) == false) return Choice.Pass;
        }
        catch (Exception)
        {
            return Choice.Ask;
        }

        return key is not null && _parked.Contains(key) ? Choice.Hold : Choice.Handle;
    }

    private bool IsWanted(in RecordedEvent e)
    {
        _ = _options.KeyOf(e);
        return _options.Filter is null || _options.Filter(e);
    }

    private InvalidOperationException NotActive() =>
        new($"Subscription '{_key.Key}' is not active in this process: it is {State}.");
}
