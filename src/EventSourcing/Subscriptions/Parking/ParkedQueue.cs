using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;

namespace EventSourcing.Subscriptions.Parking;

/// <summary>Retries or discards the parked events of a key. Used by the runner's loop only, with everything that was handled written before.</summary>
internal sealed class ParkedQueue(PartitionId key, HandlerInvoker invoker, EffectBuffer effects, ParkedKeys parkedKeys, RunnerStatistics statistics, FailureReport report)
{
    private const int MaxRemovals = 256;

    /// <summary>Delivers the events of a key, in order; stops at the first that fails again.</summary>
    /// <param name="parkedKey">The key.</param>
    /// <param name="through">Events up to here only; null for all.</param>
    /// <param name="isStopping">Called before each event; true ends the retry.</param>
    /// <param name="scope">The lease.</param>
    /// <returns>How many were handled.</returns>
    internal async ValueTask<int> RetryAsync(string parkedKey, GlobalPosition? through, Func<bool> isStopping, LeaseScope scope)
    {
        var (handled, left) = (0, default(ParkedEvent));
        await foreach (var found in ReadAsync(parkedKey, scope).ConfigureAwait(false))
        {
            left = found.Event.Event.Position > through || isStopping() ? found.Event : await RetryAsync(found, scope).ConfigureAwait(false);
            if (left is not null) break;
            handled++;
        }

        parkedKeys.Removed(parkedKey, handled, left);
        return handled;
    }

    /// <summary>Removes the events of a key.</summary>
    /// <returns>How many were removed.</returns>
    internal async ValueTask<int> DiscardAsync(string parkedKey, GlobalPosition? through, LeaseScope scope)
    {
        var (discarded, left) = (0, default(ParkedEvent));
        var removals = new List<RecordChange>();
        await foreach (var found in ReadAsync(parkedKey, scope).ConfigureAwait(false))
        {
            if (found.Event.Event.Position > through)
            {
                left = found.Event;
                break;
            }

            removals.Add(RecordChange.Remove(RecordKind.Parked, found.RecordKey));
            if (removals.Count == MaxRemovals) discarded += await RemoveAsync(removals, scope).ConfigureAwait(false);
        }

        if (removals.Count > 0) discarded += await RemoveAsync(removals, scope).ConfigureAwait(false);
        parkedKeys.Removed(parkedKey, discarded, left);
        return discarded;
    }

    private async ValueTask<int> RemoveAsync(List<RecordChange> removals, LeaseScope scope)
    {
        var removed = await effects.WriteAsync(scope.Lease, removals).ConfigureAwait(false);
        foreach (var removal in removals) parkedKeys.Restored(removal.Key);
        removals.Clear();
        return removed.Count(static r => r);
    }

    /// <summary>Handles an event again. Returns null when it was handled, else the event as it is parked now.</summary>
    private async ValueTask<ParkedEvent?> RetryAsync(FoundParked found, LeaseScope scope)
    {
        var parked = found.Event;
        scope.ThrowIfLost();
        var error = await invoker.InvokeAsync(parked.Event, parked.Attempts + 1, parked.IsReplay, checksFilter: true, isParked: true, scope).ConfigureAwait(false);
        if (error is null)
        {
            error = await RemoveAsync(found, scope).ConfigureAwait(false);
            if (error is null) return null;
        }

        // In a write of its own: an error that refuses the effects does not refuse the record of the attempt.
        var again = parked with { Attempts = parked.Attempts + 1, Reason = ExceptionText.Describe(error) };
        var put = RecordChange.Put(RecordKind.Parked, found.RecordKey, again.ToBytes(), found.Revision ?? 0);
        // A damaged record is removed first: it cannot be compared.
        RecordChange[] changes = found.Revision is null ? [RecordChange.Remove(RecordKind.Parked, found.RecordKey), put] : [put];
        await effects.WriteAsync(scope.Lease, changes).ConfigureAwait(false);
        parkedKeys.Restored(found.RecordKey);
        report.Tell(key, parked.Event, parked.PartitionKey, again.Attempts, FailureOutcome.Parked, TimeSpan.Zero, error);
        return again;
    }

    /// <summary>Writes the effects and removes the event's record. Returns the exception that the effects were refused with, or null.</summary>
    private async ValueTask<Exception?> RemoveAsync(FoundParked found, LeaseScope scope)
    {
        try
        {
            await effects.WriteAsync(scope.Lease, [RecordChange.Remove(RecordKind.Parked, found.RecordKey, found.Revision)]).ConfigureAwait(false);
        }
        catch (EffectException refusal)
        {
            statistics.Fail(refusal.Error);
            return refusal.Error;
        }
        finally
        {
            effects.Forget(0);
        }

        parkedKeys.Restored(found.RecordKey);
        statistics.AddHandled(1);
        return null;
    }

    // Two keys may share a hash.
    private IAsyncEnumerable<FoundParked> ReadAsync(string parkedKey, LeaseScope scope) =>
        parkedKeys.Reader.ReadAsync(key.ParkedKeyPrefix(parkedKey), scope.Token).Where(found => found.Event.PartitionKey == parkedKey);
}
