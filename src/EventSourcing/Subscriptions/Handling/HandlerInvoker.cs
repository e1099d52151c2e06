using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Subscriptions.Monitoring;

namespace EventSourcing.Subscriptions.Handling;

/// <summary>Calls the handler for one event or one batch: a single attempt, without a failure policy. Used by the runner's loop only.</summary>
internal sealed class HandlerInvoker(SubscriptionSetup setup, PartitionId key, DeliveryContext delivery, EffectBuffer effects, RunnerStatistics statistics)
{
    private readonly EventReader _events = new(setup.Store.Types.Codec, setup.Filter.Predicate, delivery.Loop);

    /// <summary>The loop that calls the handler.</summary>
    internal Loop Loop => delivery.Loop;

    /// <summary>Makes one attempt. Forgets what the handler enlisted if it throws, and restores the ambient event context when the attempt ends.</summary>
    /// <param name="e">The event.</param>
    /// <param name="attempt">The number of the attempt, from 1.</param>
    /// <param name="isReplay">See <see cref="DeliveryContext.IsReplay"/>.</param>
    /// <param name="checksFilter">True to evaluate the key and the filter first, as part of the attempt; an event that they refuse counts as handled.</param>
    /// <param name="isParked">True for a parked event, which is handled without a resume token.</param>
    /// <param name="scope">The lease.</param>
    /// <returns>The exception that the attempt failed with, or null.</returns>
    internal ValueTask<Exception?> InvokeAsync(in RecordedEvent e, int attempt, bool isReplay, bool checksFilter, bool isParked, LeaseScope scope)
    {
        var enlisted = effects.Count;
        var outer = ExecutionContext.Capture()!;
        var observation = default(HandlerObservation);
        try
        {
            if (checksFilter && !IsWanted(e)) return default;
            if (HandlerObservation.IsWanted) observation = HandlerObservation.Begin(key, e, attempt);
            delivery.Begin(attempt, isReplay, e.Data.Length + e.Metadata.Length, isParked ? null : e.Token);
            var handling = setup.Handler.HandleAsync(e, _events, delivery, scope.Token) ?? throw NoTask();
            if (!handling.IsCompletedSuccessfully) return EndAsync(handling, enlisted, observation, scope);
            delivery.Leave();
            observation.End(null);
            return default;
        }
        catch (Exception error)
        {
            return new(Fail(error, enlisted, observation, scope));
        }
        finally
        {
            ExecutionContext.Restore(outer);
        }
    }

    /// <summary>Makes the only attempt for a batch.</summary>
    /// <returns>The exception that the attempt failed with, or null.</returns>
    internal async ValueTask<Exception?> InvokeBatchAsync(ReadOnlyMemory<RecordedEvent> batch, bool isReplay, LeaseScope scope)
    {
        var enlisted = effects.Count;
        var observation = HandlerObservation.IsWanted ? HandlerObservation.Begin(key, batch.Span) : default;
        try
        {
            delivery.Begin(1, isReplay, BytesOf(batch.Span), batch.Span[^1].Token);
            delivery.EnterBatch();
            await (setup.Handler.HandleAsync(batch, _events, delivery, scope.Token) ?? throw NoTask()).ConfigureAwait(false);
            delivery.Leave();
            observation.End(null);
            return null;
        }
        catch (Exception error)
        {
            return Fail(error, enlisted, observation, scope);
        }
    }

    private async ValueTask<Exception?> EndAsync(Task handling, int enlisted, HandlerObservation observation, LeaseScope scope)
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
            return Fail(error, enlisted, observation, scope);
        }
    }

    /// <summary>Ends a failed attempt: forgets what it enlisted and counts it. Throws when the attempt was cancelled with the lease or the stop, or when the handler has found the lease lost: then it is not the event's failure.</summary>
    private Exception Fail(Exception error, int enlisted, in HandlerObservation observation, LeaseScope scope)
    {
        delivery.Leave();
        observation.End(error);
        effects.Forget(enlisted);
        if (scope.Token.IsCancellationRequested) throw scope.CutShort(error);
        if (error is LeaseLostException lost && lost.FencingToken == delivery.FencingToken && lost.Name == key.Key) throw scope.Lease.Error();
        statistics.Fail(error);
        return error;
    }

    private bool IsWanted(in RecordedEvent e)
    {
        var outer = LoopWaits.EnterDelegate(delivery.Loop);
        try
        {
            _ = setup.Options.KeyOf(e);
            return setup.Filter.Admits(e);
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
}
