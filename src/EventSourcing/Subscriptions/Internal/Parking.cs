using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>What becomes of the events that a runner set aside: delivered once more, or discarded. Used by the runner's loop only.</summary>
internal sealed class Parking(IEventLog log, SegmentKey key, Delivery delivery, Deliverer deliverer, ParkedKeys parkedKeys, Progress progress, Tally tally, FailureReport report)
{
    /// <summary>Delivers the events of a key, in order; stops at the first that fails again.</summary>
    /// <param name="parkedKey">The key.</param>
    /// <param name="through">Events up to here only; null for all.</param>
    /// <param name="isStopping">Asked before each event.</param>
    /// <param name="tenure">The runner's.</param>
    /// <returns>How many were handled.</returns>
    internal async ValueTask<int> RetryAsync(string parkedKey, GlobalPosition? through, Func<bool> isStopping, Tenure tenure)
    {
        await progress.SaveIfNeededAsync(tenure).ConfigureAwait(false);
        var handled = 0;
        await foreach (var found in ReadAsync(parkedKey, tenure).ConfigureAwait(false))
        {
            if (found.Event.Event.Position > through || isStopping()) break;
            if (await RetryAsync(found, tenure).ConfigureAwait(false)) handled++;
            else break;
        }

        await parkedKeys.LoadAsync(tenure.Token).ConfigureAwait(false);
        return handled;
    }

    /// <summary>Removes the events of a key; how many there were.</summary>
    internal async ValueTask<int> DiscardAsync(string parkedKey, GlobalPosition? through, Tenure tenure)
    {
        await progress.SaveIfNeededAsync(tenure).ConfigureAwait(false);
        var discarded = 0;
        await foreach (var found in ReadAsync(parkedKey, tenure).ConfigureAwait(false))
        {
            if (found.Event.Event.Position > through) continue;
            await log.TransactAsync(transaction =>
            {
                tenure.Lease.Fence(transaction);
                return transaction.TryRemove(RecordKind.Parked, found.RecordKey, null);
            }, CancellationToken.None).ConfigureAwait(false);
            discarded++;
        }

        await parkedKeys.LoadAsync(tenure.Token).ConfigureAwait(false);
        return discarded;
    }

    private async ValueTask<bool> RetryAsync(FoundParked found, Tenure tenure)
    {
        var parked = found.Event;
        tenure.ThrowIfLost();
        var error = await deliverer.AttemptAsync(parked.Event, parked.Attempts + 1, isAsked: true, tenure).ConfigureAwait(false);
        try
        {
            await delivery.TransactAsync(log, transaction =>
            {
                tenure.Lease.Fence(transaction);
                if (error is null)
                {
                    delivery.Run(transaction);
                    return transaction.TryRemove(RecordKind.Parked, found.RecordKey, found.Revision);
                }

                var again = parked with { Attempts = parked.Attempts + 1, Reason = ExceptionText.Describe(error) };
                // A damaged record is removed first: it cannot be compared.
                if (found.Revision is null) transaction.TryRemove(RecordKind.Parked, found.RecordKey, null);
                return transaction.TryPut(RecordKind.Parked, found.RecordKey, again.ToBytes(), found.Revision);
            }).ConfigureAwait(false);
        }
        catch (EffectException refusal)
        {
            error = refusal.Error;
            tally.Fail(error);
        }

        delivery.Forget(0);
        if (error is null) tally.Add(1);
        else report.Tell(key, parked.Event, parked.Key, parked.Attempts + 1, FailureOutcome.Parked, TimeSpan.Zero, error);
        return error is null;
    }

    // Two keys may share a hash.
    private IAsyncEnumerable<FoundParked> ReadAsync(string parkedKey, Tenure tenure) =>
        parkedKeys.Reader.ReadAsync(key.ParkedKeyPrefix(parkedKey), tenure.Token).Where(found => found.Event.Key == parkedKey);
}
