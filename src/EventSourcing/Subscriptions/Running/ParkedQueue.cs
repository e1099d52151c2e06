using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Parking;

namespace EventSourcing.Subscriptions.Running;

/// <summary>What becomes of the events that a runner parked: delivered once more, or discarded. Used by the runner's loop only.</summary>
internal sealed class ParkedQueue(PartitionId key, DeliveryContext delivery, Deliverer deliverer, ParkedKeys parkedKeys, Progress progress, RunnerStatistics tally, FailureReport report)
{
    private const int MaxRemovals = 256;

    /// <summary>Delivers the events of a key, in order; stops at the first that fails again.</summary>
    /// <param name="parkedKey">The key.</param>
    /// <param name="through">Events up to here only; null for all.</param>
    /// <param name="isStopping">Asked before each event.</param>
    /// <param name="tenure">The runner's.</param>
    /// <returns>How many were handled.</returns>
    internal async ValueTask<int> RetryAsync(string parkedKey, GlobalPosition? through, Func<bool> isStopping, LeaseScope tenure)
    {
        await progress.SaveIfNeededAsync(tenure).ConfigureAwait(false);
        var (handled, left) = (0, default(ParkedEvent));
        await foreach (var found in ReadAsync(parkedKey, tenure).ConfigureAwait(false))
        {
            left = found.Event.Event.Position > through || isStopping() ? found.Event : await RetryAsync(found, tenure).ConfigureAwait(false);
            if (left is not null) break;
            handled++;
        }

        parkedKeys.Removed(parkedKey, handled, left);
        return handled;
    }

    /// <summary>Removes the events of a key; how many there were.</summary>
    internal async ValueTask<int> DiscardAsync(string parkedKey, GlobalPosition? through, LeaseScope tenure)
    {
        await progress.SaveIfNeededAsync(tenure).ConfigureAwait(false);
        var (discarded, left) = (0, default(ParkedEvent));
        var removals = new List<RecordChange>();
        await foreach (var found in ReadAsync(parkedKey, tenure).ConfigureAwait(false))
        {
            if (found.Event.Event.Position > through)
            {
                left = found.Event;
                break;
            }

            removals.Add(RecordChange.Remove(RecordKind.Parked, found.RecordKey));
            if (removals.Count == MaxRemovals) discarded += await RemoveAsync(removals, tenure).ConfigureAwait(false);
        }

        if (removals.Count > 0) discarded += await RemoveAsync(removals, tenure).ConfigureAwait(false);
        parkedKeys.Removed(parkedKey, discarded, left);
        return discarded;
    }

    private async ValueTask<int> RemoveAsync(List<RecordChange> removals, LeaseScope tenure)
    {
        var removed = await delivery.WriteAsync(tenure.Lease, removals).ConfigureAwait(false);
        foreach (var removal in removals) parkedKeys.Restored(removal.Key);
        removals.Clear();
        return removed.Count(static r => r);
    }

    /// <summary>Delivers an event once more; null when it was handled, else the event as it is parked now.</summary>
    private async ValueTask<ParkedEvent?> RetryAsync(FoundParked found, LeaseScope tenure)
    {
        var parked = found.Event;
        tenure.ThrowIfLost();
        var error = await deliverer.AttemptAsync(parked.Event, parked.Attempts + 1, isAsked: true, tenure, isParked: true).ConfigureAwait(false);
        if (error is null)
        {
            error = await RemoveAsync(found, tenure).ConfigureAwait(false);
            if (error is null) return null;
        }

        // In a write of its own: what refuses the effects does not refuse the trace of the attempt.
        var again = parked with { Attempts = parked.Attempts + 1, Reason = ExceptionText.Describe(error) };
        var put = RecordChange.Put(RecordKind.Parked, found.RecordKey, again.ToBytes(), found.Revision ?? 0);
        // A damaged record is removed first: it cannot be compared.
        RecordChange[] changes = found.Revision is null ? [RecordChange.Remove(RecordKind.Parked, found.RecordKey), put] : [put];
        await delivery.WriteAsync(tenure.Lease, changes).ConfigureAwait(false);
        parkedKeys.Restored(found.RecordKey);
        report.Tell(key, parked.Event, parked.PartitionKey, again.Attempts, FailureOutcome.Parked, TimeSpan.Zero, error);
        return again;
    }

    /// <summary>Writes what the handler enlisted and removes the event; why its effects were refused, or null.</summary>
    private async ValueTask<Exception?> RemoveAsync(FoundParked found, LeaseScope tenure)
    {
        try
        {
            await delivery.WriteAsync(tenure.Lease, [RecordChange.Remove(RecordKind.Parked, found.RecordKey, found.Revision)]).ConfigureAwait(false);
        }
        catch (EffectException refusal)
        {
            tally.Fail(refusal.Error);
            return refusal.Error;
        }
        finally
        {
            delivery.Forget(0);
        }

        parkedKeys.Restored(found.RecordKey);
        tally.Add(1);
        return null;
    }

    // Two keys may share a hash.
    private IAsyncEnumerable<FoundParked> ReadAsync(string parkedKey, LeaseScope tenure) =>
        parkedKeys.Reader.ReadAsync(key.ParkedKeyPrefix(parkedKey), tenure.Token).Where(found => found.Event.PartitionKey == parkedKey);
}
