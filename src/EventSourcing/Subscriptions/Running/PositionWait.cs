using EventSourcing.Following;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Waits until a partition is done up to a position, in this process or, as its checkpoint shows, in another. Thread-safe.</summary>
internal sealed class PositionWait(SubscriptionSetup setup, PartitionId key, RunnerState state, PositionWaiters waiters, EventSelector selector, SharedReader reader)
{
    private static readonly TimeSpan s_placeInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Completes when everything up to a position is done.</summary>
    internal async Task WaitAsync(long position, CancellationToken cancellationToken)
    {
        var waiter = waiters.Enter(position);
        try
        {
            for (var isFirst = true; !waiter.Task.IsCompleted; isFirst = false)
            {
                if (state.Current == SubscriptionState.Standby && await IsDoneElsewhereAsync(position, isFirst, cancellationToken).ConfigureAwait(false)) return;
                await waiter.Task.WaitAsync(Interval, setup.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!waiter.Task.IsCompleted) cancellationToken.ThrowIfCancellationRequested();
            }

            await waiter.Task.ConfigureAwait(false);
        }
        finally
        {
            waiters.Leave(waiter);
        }
    }

    // The position of a place is cheap to read, and callers wait for it.
    private TimeSpan Interval => setup.Options.Place is not null && s_placeInterval < setup.Leases.Interval ? s_placeInterval : setup.Leases.Interval;

    private async ValueTask<bool> IsDoneElsewhereAsync(long position, bool isFirst, CancellationToken cancellationToken)
    {
        try
        {
            if (await FindDoneAsync(cancellationToken).ConfigureAwait(false) is not { } done) return false;
            if (done >= position || isFirst) return done >= position;
            // Events that are not for the handler move the checkpoint rarely. A runner that was just started skips them itself.
            return !await reader.HasAnyAsync(done + 1, position, selector.MayBeForHandler, cancellationToken).ConfigureAwait(false);
        }
        catch (EventSourcingException e) when (FailureState.MayPass(e))
        {
            return false;
        }
    }

    private async ValueTask<long?> FindDoneAsync(CancellationToken cancellationToken)
    {
        if (setup.Options.Place is { } place) return await place.FindPositionAsync(cancellationToken).ConfigureAwait(false);
        if (setup.Options.LoadToken is { } load)
        {
            try
            {
                return (await load(key.Partition, cancellationToken).ConfigureAwait(false))?.Position.ToInt64();
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The runner that holds the lease gets the error too, and reports it.
                return null;
            }
        }

        var records = await setup.Log.ReadRecordsAsync(RecordKind.Checkpoint, key.Key, key.Key, 1, cancellationToken).ConfigureAwait(false);
        return records is [var record] ? Checkpoint.Parse(record).Position : null;
    }
}
