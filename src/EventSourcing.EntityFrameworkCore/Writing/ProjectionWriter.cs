using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace EventSourcing.EntityFrameworkCore.Writing;

/// <summary>Writes the rows and the checkpoint of one projection: a context and a transaction for each batch.</summary>
internal sealed class ProjectionWriter<TContext> where TContext : DbContext
{
    private const long NoRow = -1;
    private const int PartitionCount = 16;

    private readonly string _name;
    private readonly IDbContextFactory<TContext> _contexts;
    private readonly FrozenDictionary<Type, Func<TContext, EventEnvelope, CancellationToken, Task>> _handlers;
    private readonly Checkpoints _checkpoints;
    private readonly CommitCheck<TContext> _commits;

    // By partition, the position of the row as this process knows it. It may be too low: then the row is read again.
    private readonly long[] _known = new long[PartitionCount];

    /// <summary>A writer; nothing is written yet.</summary>
    /// <exception cref="ArgumentException">There is no handler.</exception>
    /// <exception cref="StoreConfigurationException">The provider is not relational, or the model has no checkpoints.</exception>
    internal ProjectionWriter(string name, IDbContextFactory<TContext> contexts, DbContextHandlers<TContext> handlers, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        if (handlers.ByType.Count == 0) throw new ArgumentException($"The projection '{name}' handles no event. Add at least one handler: On<…>(…).", nameof(handlers));
        (_name, _contexts, _handlers, _checkpoints) = (name, contexts, handlers.ByType.ToFrozenDictionary(), new(name, time));
        _commits = new(contexts, _checkpoints, time);
        Array.Fill(_known, NoRow);
        using var context = contexts.CreateDbContext();
        ThrowIfUnfit(context);
    }

    internal SubscriptionHandler Handler => SubscriptionHandler.Batches(_handlers.Keys, HandleAsync);

    /// <summary>A copy of the settings with the place of the checkpoint.</summary>
    /// <exception cref="ArgumentException">They have one already.</exception>
    internal SubscriptionOptions Complete(SubscriptionOptions options)
    {
        if (options.LoadToken is not null) throw new ArgumentException($"The checkpoint of the projection '{_name}' is in the context's database. LoadToken must be null.", nameof(options));
        return new()
        {
            Filter = options.Filter,
            From = options.From,
            OnFailure = options.OnFailure,
            PartitionKey = options.PartitionKey,
            CheckpointEvery = options.CheckpointEvery,
            CheckpointAfter = options.CheckpointAfter,
            IsPartitioned = options.IsPartitioned,
            MaxConcurrency = options.MaxConcurrency,
            LoadToken = LoadAsync,
        };
    }

    internal async Task<ResumeToken?> LoadAsync(int partition, CancellationToken cancellationToken)
    {
        var context = await _contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var row = await _checkpoints.FindAsync(context, partition, cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _known[partition], row?.Position ?? NoRow);
            if (row?.Token is not { } text) return null;
            return ResumeToken.TryParse(text, null, out var token) ? token : throw new StoreCorruptException($"'{text}' is not a resume token", $"the checkpoint of projection '{_name}', partition {partition}");
        }
    }

    internal async Task HandleAsync(IReadOnlyList<EventEnvelope> events, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var first = await _contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (first.ConfigureAwait(false))
        {
            var strategy = first.Database.CreateExecutionStrategy();
            if (strategy.RetriesOnFailure) await WithStrategyAsync(strategy, first, events, delivery, cancellationToken).ConfigureAwait(false);
            else await WriteAsync(first, events, delivery, cancellationToken).ConfigureAwait(false);
        }

        if (delivery.ResumeToken is { } token) Volatile.Write(ref _known[delivery.Partition], Math.Max(token.Position.ToInt64(), Volatile.Read(ref _known[delivery.Partition])));
    }

    /// <summary>Each attempt of the strategy has a context of its own: the one before may have changes of a transaction that was rolled back.</summary>
    private async Task WithStrategyAsync(IExecutionStrategy strategy, TContext first, IReadOnlyList<EventEnvelope> events, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var isFirst = true;
        await strategy.ExecuteAsync(async token =>
        {
            if (isFirst)
            {
                isFirst = false;
                await WriteAsync(first, events, delivery, token).ConfigureAwait(false);
                return;
            }

            var again = await _contexts.CreateDbContextAsync(token).ConfigureAwait(false);
            await using (again.ConfigureAwait(false)) await WriteAsync(again, events, delivery, token).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteAsync(TContext context, IReadOnlyList<EventEnvelope> events, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            var after = await BeginAsync(context, events, delivery, cancellationToken).ConfigureAwait(false);
            if (events[^1].Position.ToInt64() <= after) return;
            foreach (var e in events)
                if (e.Position.ToInt64() > after) await HandleAsync(context, e, cancellationToken).ConfigureAwait(false);
            await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                // Not cancelled: the answer to a commit that was sent is not given up.
                await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception)
            {
                if (!await _commits.IsCommittedAsync(events[^1], delivery, cancellationToken).ConfigureAwait(false)) throw;
            }
        }
    }

    /// <summary>Writes the checkpoint, or the row of a parked event that is retried.</summary>
    /// <returns>The position up to which the events are committed already.</returns>
    private async Task<long> BeginAsync(TContext context, IReadOnlyList<EventEnvelope> events, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        if (delivery.ResumeToken is null)
            return await _checkpoints.RetryAsync(context, events[^1].EventId, delivery, cancellationToken).ConfigureAwait(false) ? 0 : long.MaxValue;
        var known = Volatile.Read(ref _known[delivery.Partition]);
        return await _checkpoints.MoveAsync(context, known == NoRow ? null : known, delivery, cancellationToken).ConfigureAwait(false);
    }

    private async Task HandleAsync(TContext context, EventEnvelope e, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using (EventContext.BeginScope(e)) await _handlers[e.Data.GetType()](context, e, cancellationToken).ConfigureAwait(false);
    }

    private static void ThrowIfUnfit(TContext context)
    {
        if (!context.Database.IsRelational())
            throw new StoreConfigurationException($"The provider of {typeof(TContext)} is {context.Database.ProviderName}, which has no transactions. A projection needs a relational provider.");
        if (context.Model.FindEntityType(typeof(EventSourcingCheckpoint)) is null || context.Model.FindEntityType(typeof(EventSourcingRetriedEvent)) is null)
            throw new StoreConfigurationException($"The model of {typeof(TContext)} has no checkpoints. Call modelBuilder.AddEventSourcingCheckpoints() in OnModelCreating and add a migration.");
    }
}
