using Microsoft.EntityFrameworkCore;

namespace EventSourcing.EntityFrameworkCore.Writing;

/// <summary>Finds out whether a transaction was committed whose commit has failed, because the connection was lost for instance.</summary>
internal sealed class CommitCheck<TContext>(IDbContextFactory<TContext> contexts, Checkpoints checkpoints, TimeProvider time) where TContext : DbContext
{
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromMilliseconds(50), s_longestDelay = TimeSpan.FromSeconds(5);

    /// <summary>Asks until the database answers: an event whose outcome is unknown must be neither repeated nor parked.</summary>
    /// <param name="last">The last event of the transaction.</param>
    /// <param name="delivery">Its delivery.</param>
    /// <param name="cancellationToken">Cancelled when the subscription stops or its lease is lost.</param>
    internal async Task<bool> IsCommittedAsync(EventEnvelope last, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        for (var delay = s_firstDelay; ; delay = delay * 2 < s_longestDelay ? delay * 2 : s_longestDelay)
        {
            try
            {
                return await FindAsync(last, delivery, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> FindAsync(EventEnvelope last, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            if (delivery.ResumeToken is not { } token) return await checkpoints.WasRetriedAsync(context, last.EventId, cancellationToken).ConfigureAwait(false);
            var row = await checkpoints.FindAsync(context, delivery.Partition, cancellationToken).ConfigureAwait(false);
            return row?.Token == token.ToString();
        }
    }
}
