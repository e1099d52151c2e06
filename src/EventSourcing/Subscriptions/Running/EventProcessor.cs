using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Has one event or one batch handled and follows the failure policy: retries, isolates, parks or gives up. Used by the runner's loop only.</summary>
internal sealed class EventProcessor(
    SubscriptionSetup setup, PartitionId key, EventSelector selector, HandlerInvoker invoker, Progress progress, RunnerStatistics statistics, WakeSignal wake)
{
    private readonly FailurePolicy _policy = setup.Options.OnFailure;
    private long _failingAt;
    private int _attempts;

    /// <summary>The failure for which the subscription pauses: an event has no attempts left and is not parked. Null otherwise.</summary>
    internal Exception? GivenUp { get; private set; }

    /// <summary>Before a page.</summary>
    internal void Begin() => GivenUp = null;

    /// <summary>Gives an event that failed new attempts.</summary>
    internal void ResetAttempts() => _attempts = 0;

    /// <summary>Has one event handled or parked.</summary>
    /// <returns>False when the event is not done and the rest of the page must not be handled.</returns>
    internal ValueTask<bool> ProcessAsync(in RecordedEvent e, Selection selection, string? eventKey, LeaseScope scope)
    {
        scope.ThrowIfLost();
        statistics.Begun = e.Timestamp.Ticks;
        if (progress.IsLate(scope)) return SaveAndProcessAsync(e, selection, eventKey, scope);
        if (selection == Selection.HoldBack) return ParkAsync(e, eventKey!, 0, null, scope);

        var position = e.Position.ToInt64();
        var attempt = _failingAt == position ? _attempts + 1 : 1;
        var invocation = InvokeAsync(e, attempt, selection, scope);
        if (!invocation.IsCompletedSuccessfully || position <= progress.IsolatedThrough) return FinishAsync(e, selection, attempt, invocation, scope);
#pragma warning disable RS0030 // It has completed.
        return invocation.Result is { } error
            ? FinishAsync(e, selection, attempt, new(error), scope)
            : progress.DoneAsync(position, 1, scope);
#pragma warning restore RS0030
    }

    /// <summary>Has a batch handled. After a failure its events are isolated: they are delivered one by one.</summary>
    /// <returns>False when the batch is not done and the rest of the page must not be handled.</returns>
    internal async ValueTask<bool> ProcessBatchAsync(ReadOnlyMemory<RecordedEvent> batch, LeaseScope scope)
    {
        scope.ThrowIfLost();
        var last = batch.Span[^1].Position.ToInt64();
        if (!await progress.MakeRoomAsync(batch.Length, scope).ConfigureAwait(false)) return false;
        statistics.Begun = batch.Span[0].Timestamp.Ticks;
        if (await invoker.InvokeBatchAsync(batch, progress.IsReplay(batch.Span[0].Position.ToInt64()), scope).ConfigureAwait(false) is { } error)
        {
            // The event that failed is found by delivering them one by one, after the events before the batch are written.
            setup.Report.Tell(key, batch.Span[0], null, 1, FailureOutcome.Retried, TimeSpan.Zero, error);
            if (await progress.TryWritePendingAsync(scope).ConfigureAwait(false)) progress.IsolatedThrough = last;
            return false;
        }

        statistics.Rate.Add(batch.Length);
        return await progress.DoneAsync(last, batch.Length, scope).ConfigureAwait(false);
    }

    private ValueTask<Exception?> InvokeAsync(in RecordedEvent e, int attempt, Selection selection, LeaseScope scope) =>
        invoker.InvokeAsync(e, attempt, progress.IsReplay(e.Position.ToInt64()), selection == Selection.HandleChecked, isParked: false, scope);

    private async ValueTask<bool> SaveAndProcessAsync(RecordedEvent e, Selection selection, string? eventKey, LeaseScope scope) =>
        await progress.TrySaveAsync(scope).ConfigureAwait(false) && await ProcessAsync(e, selection, eventKey, scope).ConfigureAwait(false);

    /// <summary>Continues after the first attempt, for an event whose handler did not just return.</summary>
    private async ValueTask<bool> FinishAsync(RecordedEvent e, Selection selection, int attempt, ValueTask<Exception?> invocation, LeaseScope scope)
    {
        var position = e.Position.ToInt64();
        var isIsolated = position <= progress.IsolatedThrough;
        for (; ; invocation = InvokeAsync(e, ++attempt, selection, scope))
        {
            var error = await invocation.ConfigureAwait(false);
            if (error is null && isIsolated) error = await progress.WriteIsolatedAsync(position, scope).ConfigureAwait(false);
            if (error is null) return await progress.DoneAsync(position, 1, scope).ConfigureAwait(false);
            (_failingAt, _attempts) = (position, attempt);
            var isLast = attempt > _policy.MaxRetryAttempts || error is EventSerializationException || !ShouldRetry(error, out error);
            if (isLast && _policy.Then == AfterRetries.Park) return await ParkAsync(e, selector.KeyOrStream(e), attempt, error, scope).ConfigureAwait(false);

            if (!await progress.TryWritePendingAsync(scope).ConfigureAwait(false)) return false;
            if (isLast)
            {
                GiveUp(e, attempt, error);
                return false;
            }

            var delay = _policy.DelayAfter(attempt, setup.BusOptions.Randomness());
            setup.Report.Tell(key, e, null, attempt, FailureOutcome.Retried, delay, error);
            await wake.DelayAsync(delay).ConfigureAwait(false);
            if (wake.IsRequested) return false;
            scope.ThrowIfLost();
        }
    }

    private void GiveUp(in RecordedEvent e, int attempt, Exception error)
    {
        statistics.LastError = GivenUp = new SubscriptionException(key.Name, e.Position, attempt, error);
        _attempts = 0;
        setup.Report.Tell(key, e, null, attempt, FailureOutcome.Paused, TimeSpan.Zero, error);
    }

    private ValueTask<bool> ParkAsync(RecordedEvent e, string parkedKey, int attempts, Exception? error, LeaseScope scope)
    {
        var reason = error is null ? "an earlier event of the key is parked" : ExceptionText.Describe(error);
        SubscriptionMetrics.Parked(key.Name);
        setup.Report.Tell(key, e, parkedKey, attempts, error is null ? FailureOutcome.HeldBack : FailureOutcome.Parked, TimeSpan.Zero, error, reason);
        return progress.ParkAsync(new() { Event = e, PartitionKey = parkedKey, Attempts = attempts, Reason = reason, ParkedAt = setup.Time.GetUtcNow(), IsReplay = progress.IsReplay(e.Position.ToInt64()) }, scope);
    }

    private bool ShouldRetry(Exception error, out Exception reported)
    {
        reported = error;
        if (_policy.ShouldRetry is not { } shouldRetry) return true;
        var outer = LoopWaits.EnterDelegate(invoker.Loop);
        try
        {
            return shouldRetry(error);
        }
        catch (Exception e)
        {
            reported = new AggregateException($"The handler failed, and {nameof(FailurePolicy)}.{nameof(FailurePolicy.ShouldRetry)} threw for its exception.", error, e);
            return false;
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }
}
