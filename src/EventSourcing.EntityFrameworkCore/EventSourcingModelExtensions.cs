using Microsoft.EntityFrameworkCore;

namespace EventSourcing.EntityFrameworkCore;

/// <summary>Adds to a model what projections store beside their rows.</summary>
public static class EventSourcingModelExtensions
{
    // The limit of a subscription's name, and the length of the longest token.
    private const int NameLength = 200;
    private const int TokenLength = 100;

    /// <summary>Adds the entities <see cref="EventSourcingCheckpoint"/> and <see cref="EventSourcingRetriedEvent"/>, in tables of these names in the plural. Your next migration creates the tables.</summary>
    /// <remarks>Called in <c>OnModelCreating</c>. Table, schema and columns can be changed after the call, by <c>modelBuilder.Entity&lt;EventSourcingCheckpoint&gt;()</c>.</remarks>
    /// <param name="modelBuilder">The model.</param>
    public static ModelBuilder AddEventSourcingCheckpoints(this ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.Entity<EventSourcingCheckpoint>(checkpoint =>
        {
            checkpoint.ToTable("EventSourcingCheckpoints");
            checkpoint.HasKey(c => new { c.Name, c.Partition });
            checkpoint.Property(c => c.Name).HasMaxLength(NameLength).ValueGeneratedNever();
            checkpoint.Property(c => c.Partition).ValueGeneratedNever();
            checkpoint.Property(c => c.Token).HasMaxLength(TokenLength);
        });
        modelBuilder.Entity<EventSourcingRetriedEvent>(retried =>
        {
            retried.ToTable("EventSourcingRetriedEvents");
            retried.HasKey(r => new { r.Name, r.EventId });
            retried.Property(r => r.Name).HasMaxLength(NameLength).ValueGeneratedNever();
            retried.Property(r => r.EventId).ValueGeneratedNever();
        });
        return modelBuilder;
    }

    /// <summary>Deletes the checkpoint of a projection, so that it starts again. Delete its rows in the same transaction. A process that runs the projection starts again with its next event.</summary>
    /// <remarks>Runs in the context's transaction, or in one of its own where the context has none.</remarks>
    /// <param name="context">A context whose model has the checkpoints.</param>
    /// <param name="name">The projection's name.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    /// <example><code>
    /// await using var transaction = await context.Database.BeginTransactionAsync();
    /// await context.Orders.ExecuteDeleteAsync();
    /// await context.ResetProjectionAsync("order-rows");
    /// await transaction.CommitAsync();
    /// </code></example>
    public static async Task ResetProjectionAsync(this DbContext context, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentException.ThrowIfNullOrEmpty(name);
        await context.Set<EventSourcingRetriedEvent>().Where(r => r.Name == name).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false);
        await context.Set<EventSourcingCheckpoint>().Where(c => c.Name == name).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false);
    }
}
