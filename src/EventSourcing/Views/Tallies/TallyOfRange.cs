namespace EventSourcing.Views.Tallies;

/// <summary>Folds a part of the log into a tally in memory.</summary>
internal static class TallyOfRange
{
    internal static async Task<IReadOnlyList<TallyRow>> ReadAsync(Tally tally, IEventStore store, ReadAllOptions range, CancellationToken cancellationToken)
    {
        using var fold = new TallyFold(tally, 0);
        fold.OpenEmpty();
        await foreach (var envelope in store.ReadAllAsync(EventQuery.Of([.. tally.EventTypes]), range, cancellationToken).ConfigureAwait(false))
        {
            fold.Fold(envelope);
            fold.Keep();
        }

        return fold.Rows();
    }
}
