using Microsoft.EntityFrameworkCore;

namespace EventSourcing.EntityFrameworkCore;

/// <summary>A projection into a context as a class: it declares in its constructor which events it handles. One instance handles all events; the context is another one for each batch.</summary>
/// <remarks>In a container it is a singleton, so its constructor cannot take scoped services.</remarks>
/// <typeparam name="TContext">The context, whose model has the checkpoints (<see cref="EventSourcingModelExtensions.AddEventSourcingCheckpoints"/>).</typeparam>
/// <example>
/// <code>
/// public sealed class OrderRows : DbContextProjection&lt;ShopContext&gt;
/// {
///     public OrderRows() : base("order-rows")
///     {
///         On&lt;OrderCreated&gt;((shop, created, e) => shop.Orders.Add(new() { Id = e.StreamId, Total = created.Total }));
///         On&lt;OrderPaid&gt;(async (shop, paid, e, ct) => (await shop.Orders.FindAsync([e.StreamId.Value], ct))!.Paid += paid.Amount);
///     }
/// }
/// </code>
/// </example>
public abstract class DbContextProjection<TContext> where TContext : DbContext
{
    /// <summary>A projection with a name.</summary>
    /// <param name="name">The name of its subscription and of its checkpoint: 1 to 200 characters without a slash; never changed.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    protected DbContextProjection(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <summary>The name of its subscription and of its checkpoint.</summary>
    public string Name { get; }

    /// <summary>The settings of its subscription. <see cref="SubscriptionOptions.LoadToken"/> must be null: the checkpoint is in the context's database. Default: the defaults of <see cref="SubscriptionOptions"/>. Copied when it starts.</summary>
    public SubscriptionOptions Options { get; protected init; } = new();

    internal DbContextHandlers<TContext> Handlers { get; } = new();

    /// <summary>Handles events of a type. Called in the constructor. See <see cref="DbContextHandlers{TContext}.On{T}(Func{TContext, T, EventEnvelope, CancellationToken, Task})"/>.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">Changes the context of the batch.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    protected void On<T>(Func<TContext, T, EventEnvelope, CancellationToken, Task> handle) where T : notnull => Handlers.On(handle);

    /// <summary>Handles events of a type by changes that need no query. Called in the constructor.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">Changes the context of the batch, without waiting for the database.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate is asynchronous.</exception>
    protected void On<T>(Action<TContext, T, EventEnvelope> handle) where T : notnull => Handlers.On(handle);
}
