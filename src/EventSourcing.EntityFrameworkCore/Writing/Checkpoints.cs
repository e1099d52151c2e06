using Microsoft.EntityFrameworkCore;

namespace EventSourcing.EntityFrameworkCore.Writing;

/// <summary>The rows of one projection's checkpoints. Every write is fenced: refused when a process with a higher fencing token has written.</summary>
internal sealed class Checkpoints(string name, TimeProvider time)
{
    internal Task<EventSourcingCheckpoint?> FindAsync(DbContext context, int partition, CancellationToken cancellationToken) =>
        context.Set<EventSourcingCheckpoint>().AsNoTracking().FirstOrDefaultAsync(c => c.Name == name && c.Partition == partition, cancellationToken);

    /// <summary>Moves the checkpoint of a partition, before its events are handled: the row stays locked until the transaction ends.</summary>
    /// <param name="context">A context with a transaction.</param>
    /// <param name="expected">The position that this process knows; null where it knows of no row.</param>
    /// <param name="delivery">The delivery, with a resume token.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    /// <returns>The position up to which the events are committed already.</returns>
    /// <exception cref="LeaseLostException">Another process has written, or the row was changed from outside. The transaction must be rolled back.</exception>
    internal async Task<long> MoveAsync(DbContext context, long? expected, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var next = delivery.ResumeToken!.Value;
        var position = next.Position.ToInt64();
        if (expected is { } known && await TryMoveAsync(context, known, next, delivery, cancellationToken).ConfigureAwait(false)) return known;

        // Rare: the first events, events that are delivered again, or a process that is late.
        var row = await FindAsync(context, delivery.Partition, cancellationToken).ConfigureAwait(false);
        if (row is null)
        {
            if (expected is not null) throw delivery.LeaseLost();
            await InsertAsync(context, RowOf(delivery, next), cancellationToken).ConfigureAwait(false);
            return 0;
        }

        if (row.FencingToken > delivery.FencingToken || row.Position < expected) throw delivery.LeaseLost();
        if (row.Position >= position) return row.Position;
        return await TryMoveAsync(context, row.Position, next, delivery, cancellationToken).ConfigureAwait(false) ? row.Position : throw delivery.LeaseLost();
    }

    /// <summary>Records that a parked event is handled; the checkpoint stays where it is.</summary>
    /// <returns>False when it was handled before.</returns>
    /// <exception cref="LeaseLostException">Another process has written.</exception>
    internal async Task<bool> RetryAsync(DbContext context, Guid eventId, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var (partition, fence, now) = (delivery.Partition, delivery.FencingToken, time.GetUtcNow());
        var changed = await context.Set<EventSourcingCheckpoint>()
            .Where(c => c.Name == name && c.Partition == partition && c.FencingToken <= fence)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.FencingToken, fence).SetProperty(c => c.UpdatedAt, now), cancellationToken).ConfigureAwait(false);
        if (changed == 0)
        {
            if (await FindAsync(context, partition, cancellationToken).ConfigureAwait(false) is not null) throw delivery.LeaseLost();
            await InsertAsync(context, RowOf(delivery, null), cancellationToken).ConfigureAwait(false);
        }

        if (await WasRetriedAsync(context, eventId, cancellationToken).ConfigureAwait(false)) return false;
        await InsertAsync(context, new EventSourcingRetriedEvent { Name = name, EventId = eventId }, cancellationToken).ConfigureAwait(false);
        return true;
    }

    internal Task<bool> WasRetriedAsync(DbContext context, Guid eventId, CancellationToken cancellationToken) =>
        context.Set<EventSourcingRetriedEvent>().AnyAsync(r => r.Name == name && r.EventId == eventId, cancellationToken);

    private async Task<bool> TryMoveAsync(DbContext context, long expected, ResumeToken next, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var (partition, fence, position, text, now) = (delivery.Partition, delivery.FencingToken, next.Position.ToInt64(), next.ToString(), time.GetUtcNow());
        return await context.Set<EventSourcingCheckpoint>()
            .Where(c => c.Name == name && c.Partition == partition && c.FencingToken <= fence && c.Position == expected && c.Position < position)
            .ExecuteUpdateAsync(set => set
                .SetProperty(c => c.Token, text)
                .SetProperty(c => c.Position, position)
                .SetProperty(c => c.FencingToken, fence)
                .SetProperty(c => c.UpdatedAt, now), cancellationToken).ConfigureAwait(false) == 1;
    }

    private EventSourcingCheckpoint RowOf(DeliveryContext delivery, ResumeToken? token) => new()
    {
        Name = name,
        Partition = delivery.Partition,
        Token = token?.ToString(),
        Position = token?.Position.ToInt64() ?? 0,
        FencingToken = delivery.FencingToken,
        UpdatedAt = time.GetUtcNow(),
    };

    // Saved at once, so that a handler that clears the change tracker does not remove it.
    private static async Task InsertAsync(DbContext context, object row, CancellationToken cancellationToken)
    {
        context.Add(row);
        await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
        context.Entry(row).State = EntityState.Detached;
    }
}
