using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Parking;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Hands the events of a page to the handler, one at a time or in batches, and follows the failure policy. Used by the runner's loop only.</summary>
internal sealed class Deliverer(
    EventCodec codec, PartitionId key, BoundHandler handler, BoundFilter filter, SubscriptionOptions options, EventBusOptions common,
    DeliveryContext delivery, Progress progress, ParkedKeys parkedKeys, RunnerStatistics tally, WakeSignal interruption, SharedReader reader, FailureReport report)
{
    private readonly EventReader _events = new(codec, filter.Predicate, delivery.Loop);
    private RecordedEvent[] _batch = [];
    private long _failingAt;
    private int _attempts;

    /// <summary>True when the last page was left because the attempts for an event are used up and it is not to be set aside.</summary>
    internal bool HasGivenUp { get; private set; }

    /// <summary>Gives an event that failed new attempts.</summary>
    internal void StartOver() => _attempts = 0;

    /// <summary>Delivers a page; false when it was left before its end, for an interruption or a failure.</summary>
    internal ValueTask<bool> DeliverAsync(LogPage page, LeaseScope tenure)
    {
        HasGivenUp = false;
        return handler.IsBatch ? DeliverBatchesAsync(page, tenure) : DeliverEachAsync(page, tenure);
    }

    /// <summary>One attempt; what it threw, or null. What it had enlisted before it threw is forgotten. Restores the ambient event context when the attempt ends.</summary>
    internal ValueTask<Exception?> AttemptAsync(in RecordedEvent e, int attempt, bool isAsked, LeaseScope tenure, bool isParked = false)
    {
        var enlisted = delivery.EffectCount;
        var outer = ExecutionContext.Capture()!;
        var observation = default(HandlerObservation);
        try
        {
            if (isAsked && !IsWanted(e)) return default;
            if (HandlerObservation.IsWanted) observation = HandlerObservation.Begin(key, e, attempt);
            delivery.Begin(attempt, progress.IsReplay(e.Position.ToInt64()), e.Data.Length + e.Metadata.Length, isParked ? null : e.Token);
            var handling = handler.HandleAsync(e, _events, delivery, tenure.Token) ?? throw NoTask();
            if (!handling.IsCompletedSuccessfully) return EndAsync(handling, enlisted, observation, tenure);
            delivery.Leave();
            observation.End(null);
            return default;
        }
        catch (Exception error)
        {
            return new(Failed(error, enlisted, observation, tenure));
        }
        finally
        {
            ExecutionContext.Restore(outer);
        }
    }

    private async ValueTask<bool> DeliverEachAsync(LogPage page, LeaseScope tenure)
    {
        var handled = 0;
        try
        {
            for (var i = 0; i < page.Events.Length; i++)
            {
                if (interruption.IsRequested) return false;
                var choice = Choose(page.Events[i], out var eventKey);
                if (choice == Choice.Pass) continue;
                if (!await DeliverAsync(page.Events[i], choice, eventKey, tenure).ConfigureAwait(false)) return false;
                if (reader.IsTurnOver(++handled)) await Task.Yield();
            }

            return true;
        }
        finally
        {
            tally.Rate.Add(handled);
        }
    }

    private async ValueTask<bool> DeliverBatchesAsync(LogPage page, LeaseScope tenure)
    {
        if (_batch.Length < page.Events.Length) _batch = new RecordedEvent[page.Events.Length];
        for (var next = 0; next < page.Events.Length;)
        {
            if (interruption.IsRequested) return false;
            var count = Collect(page.Events, ref next, out var choice, out var eventKey);
            if (!await DeliverBatchAsync(count, tenure).ConfigureAwait(false)) return false;
            if (choice != Choice.Pass && !await DeliverAsync(page.Events[next++], choice, eventKey, tenure).ConfigureAwait(false)) return false;
        }

        return true;
    }

    /// <summary>Copies the next batch; stops before an event that is to come alone, and says what is to become of it.</summary>
    private int Collect(ReadOnlySpan<RecordedEvent> events, ref int next, out Choice choice, out string? eventKey)
    {
        (choice, eventKey) = (Choice.Pass, null);
        var count = 0;
        for (; next < events.Length && count < options.CheckpointEvery; next++)
        {
            ref readonly var e = ref events[next];
            choice = Choose(e, out eventKey);
            if (choice == Choice.Pass) continue;
            if (choice != Choice.Handle || e.Position.ToInt64() <= progress.IsolatedThrough) return count;
            _batch[count++] = e;
        }

        choice = Choice.Pass;
        return count;
    }

    private async ValueTask<bool> DeliverBatchAsync(int count, LeaseScope tenure)
    {
        if (count == 0) return true;
        tenure.ThrowIfLost();
        var last = _batch[count - 1].Position.ToInt64();
        if (!await progress.MakeRoomAsync(count, tenure).ConfigureAwait(false)) return false;
        var enlisted = delivery.EffectCount;
        tally.Begun = _batch[0].Timestamp.Ticks;
        var observation = HandlerObservation.IsWanted ? HandlerObservation.Begin(key, _batch.AsSpan(0, count)) : default;
        try
        {
            delivery.Begin(1, progress.IsReplay(_batch[0].Position.ToInt64()), BytesOf(_batch.AsSpan(0, count)), _batch[count - 1].Token);
            delivery.EnterBatch();
            await (handler.HandleAsync(_batch.AsMemory(0, count), _events, delivery, tenure.Token) ?? throw NoTask()).ConfigureAwait(false);
            delivery.Leave();
            observation.End(null);
        }
        catch (Exception e)
        {
            // Which event it was is found by delivering them one by one, once what came before is written.
            Failed(e, enlisted, observation, tenure);
            report.Tell(key, _batch[0], null, 1, FailureOutcome.Retried, TimeSpan.Zero, e);
            if (await progress.TryWriteWaitingAsync(tenure).ConfigureAwait(false)) progress.IsolatedThrough = last;
            return false;
        }
        finally
        {
            Array.Clear(_batch, 0, count);
        }

        tally.Rate.Add(count);
        return await progress.DoneAsync(last, count, tenure).ConfigureAwait(false);
    }

    /// <summary>Hands one event over until it is handled or set aside; false when the page is to be left, the event not done.</summary>
    private ValueTask<bool> DeliverAsync(in RecordedEvent e, Choice choice, string? eventKey, LeaseScope tenure)
    {
        tenure.ThrowIfLost();
        tally.Begun = e.Timestamp.Ticks;
        if (progress.IsLate(tenure)) return SaveAndDeliverAsync(e, choice, eventKey, tenure);
        if (choice == Choice.Hold) return ParkAsync(e, eventKey!, 0, null, tenure);

        var position = e.Position.ToInt64();
        var attempt = _failingAt == position ? _attempts + 1 : 1;
        var attempting = AttemptAsync(e, attempt, choice == Choice.Ask, tenure);
        if (!attempting.IsCompletedSuccessfully || position <= progress.IsolatedThrough) return DeliverAsync(e, choice, attempt, attempting, tenure);
#pragma warning disable RS0030 // It has completed.
        return attempting.Result is { } error
            ? DeliverAsync(e, choice, attempt, new(error), tenure)
            : progress.DoneAsync(position, 1, tenure);
#pragma warning restore RS0030
    }

    private async ValueTask<bool> SaveAndDeliverAsync(RecordedEvent e, Choice choice, string? eventKey, LeaseScope tenure) =>
        await progress.TrySaveAsync(tenure).ConfigureAwait(false) && await DeliverAsync(e, choice, eventKey, tenure).ConfigureAwait(false);

    /// <summary>Goes on from an attempt, for an event whose handler did not just return.</summary>
    private async ValueTask<bool> DeliverAsync(RecordedEvent e, Choice choice, int attempt, ValueTask<Exception?> attempting, LeaseScope tenure)
    {
        var position = e.Position.ToInt64();
        var isIsolated = position <= progress.IsolatedThrough;
        for (; ; attempting = AttemptAsync(e, ++attempt, choice == Choice.Ask, tenure))
        {
            var error = await attempting.ConfigureAwait(false);
            if (error is null && isIsolated) error = await WriteIsolatedAsync(position, tenure).ConfigureAwait(false);
            if (error is null) return await progress.DoneAsync(position, 1, tenure).ConfigureAwait(false);
            (_failingAt, _attempts) = (position, attempt);
            var isLast = attempt > options.OnFailure.MaxRetryAttempts || error is EventSerializationException || !ShouldRetry(error, out error);
            if (isLast && options.OnFailure.Then == AfterRetries.Park) return await ParkAsync(e, KeyOrStream(e), attempt, error, tenure).ConfigureAwait(false);

            if (!await progress.TryWriteWaitingAsync(tenure).ConfigureAwait(false)) return false;
            if (!isLast)
            {
                var delay = options.OnFailure.DelayAfter(attempt, common.Randomness());
                report.Tell(key, e, null, attempt, FailureOutcome.Retried, delay, error);
                await interruption.DelayAsync(delay).ConfigureAwait(false);
                if (interruption.IsRequested) return false;
                tenure.ThrowIfLost();
                continue;
            }

            tally.LastError = new SubscriptionException(key.Name, e.Position, attempt, error);
            (_attempts, HasGivenUp) = (0, true);
            report.Tell(key, e, null, attempt, FailureOutcome.Paused, TimeSpan.Zero, error);
            return false;
        }
    }

    /// <summary>Writes what one event enlisted in a transaction of its own; why it was refused, or null.</summary>
    private async ValueTask<Exception?> WriteIsolatedAsync(long position, LeaseScope tenure)
    {
        if (delivery.EffectCount == 0) return null;
        try
        {
            await progress.WriteAsync(position, tenure).ConfigureAwait(false);
            return null;
        }
        catch (EffectException refusal)
        {
            delivery.Forget(0);
            // Without the effect: what is thrown here is the log's own trouble, and no attempt of the event.
            await progress.WriteAsync(progress.Position, tenure).ConfigureAwait(false);
            tally.Fail(refusal.Error);
            return refusal.Error;
        }
    }

    private ValueTask<bool> ParkAsync(RecordedEvent e, string parkedKey, int attempts, Exception? error, LeaseScope tenure)
    {
        var reason = error is null ? "an earlier event of the key is set aside" : ExceptionText.Describe(error);
        SubscriptionMetrics.Parked(key.Name);
        report.Tell(key, e, parkedKey, attempts, error is null ? FailureOutcome.HeldBack : FailureOutcome.Parked, TimeSpan.Zero, error, reason);
        return progress.ParkAsync(new() { Event = e, PartitionKey = parkedKey, Attempts = attempts, Reason = reason, ParkedAt = common.TimeProvider.GetUtcNow() }, tenure);
    }

    private async ValueTask<Exception?> EndAsync(Task handling, int enlisted, HandlerObservation observation, LeaseScope tenure)
    {
        try
        {
            await handling.ConfigureAwait(false);
            delivery.Leave();
            observation.End(null);
            return null;
        }
        catch (Exception error)
        {
            return Failed(error, enlisted, observation, tenure);
        }
    }

    /// <summary>Forgets what the attempt enlisted, and counts it; throws where it was cut short.</summary>
    private Exception Failed(Exception error, int enlisted, in HandlerObservation observation, LeaseScope tenure)
    {
        delivery.Leave();
        observation.End(error);
        delivery.Forget(enlisted);
        if (tenure.Token.IsCancellationRequested) throw tenure.CutShort(error);
        tally.Fail(error);
        return error;
    }

    private Choice Choose(in RecordedEvent e, out string? eventKey)
    {
        eventKey = null;
        if (!handler.Selects(e.Type)) return Choice.Pass;
        var outer = LoopWaits.EnterDelegate(delivery.Loop);
        try
        {
            if (key.IsGroup || parkedKeys.Keys.Count > 0)
            {
                eventKey = options.KeyOrStream(e, out var isKnown);
                if (!key.Holds(eventKey)) return Choice.Pass;
                if (!isKnown) return Choice.Ask;
            }

            if (filter.GoesBeyondQuery && !filter.Admits(e)) return Choice.Pass;
        }
        catch (Exception)
        {
            return Choice.Ask;
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }

        return eventKey is not null && parkedKeys.Contains(eventKey) ? Choice.Hold : Choice.Handle;
    }

    private bool ShouldRetry(Exception error, out Exception reported)
    {
        reported = error;
        if (options.OnFailure.ShouldRetry is not { } shouldRetry) return true;
        var outer = LoopWaits.EnterDelegate(delivery.Loop);
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

    private static InvalidOperationException NoTask() => new("The handler returned null instead of a task. Return Task.CompletedTask where there is nothing to await.");

    private static long BytesOf(ReadOnlySpan<RecordedEvent> events)
    {
        var bytes = 0L;
        foreach (ref readonly var e in events) bytes += e.Data.Length + e.Metadata.Length;
        return bytes;
    }

    private string KeyOrStream(in RecordedEvent e)
    {
        var outer = LoopWaits.EnterDelegate(delivery.Loop);
        try
        {
            return options.KeyOrStream(e, out _);
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }

    private bool IsWanted(in RecordedEvent e)
    {
        var outer = LoopWaits.EnterDelegate(delivery.Loop);
        try
        {
            _ = options.KeyOf(e);
            return filter.Admits(e);
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
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
}
