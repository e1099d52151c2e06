using EventSourcing.EntityFrameworkCore.Writing;
using EventSourcing.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing.EntityFrameworkCore;

/// <summary>Starts projections into a context.</summary>
public static class DbContextProjectionExtensions
{
    /// <summary>Starts a projection into a context: rows and checkpoint are committed in one transaction of the context's database, so each event counts exactly once.</summary>
    /// <remarks>
    /// A batch of up to 1,000 events has one context and one transaction. When a handler or the database fails, the transaction is rolled back, the events are delivered again one by one, each with a context of its own, and the one that fails falls under
    /// <see cref="SubscriptionOptions.OnFailure"/>. A retrying execution strategy of the context is used. <see cref="Subscription.ResetAsync(StartFrom, CancellationToken)"/> is refused: see <see cref="EventSourcingModelExtensions.ResetProjectionAsync"/>.
    /// </remarks>
    /// <typeparam name="TContext">The context, of a relational provider; its model has the checkpoints (<see cref="EventSourcingModelExtensions.AddEventSourcingCheckpoints"/>).</typeparam>
    /// <param name="bus">The bus.</param>
    /// <param name="name">The name of the subscription and of the checkpoint; see <see cref="EventBus.SubscribeAsync(string, SubscriptionHandler, SubscriptionOptions?, CancellationToken)"/>.</param>
    /// <param name="create">Makes a new context, for each batch and for each read of the checkpoint; it is disposed afterwards. Called by several threads at once where the subscription is partitioned.</param>
    /// <param name="build">Adds the handlers, at least one.</param>
    /// <param name="options">The settings; null for the defaults. Copied. <see cref="SubscriptionOptions.LoadToken"/> must be null.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="ArgumentException">The name is not valid, an option is out of its range or set where it must not be, no handler is added, or a delegate is asynchronous.</exception>
    /// <exception cref="InvalidOperationException">The name already runs on this bus, or its checkpoint is in the log.</exception>
    /// <exception cref="StoreConfigurationException">The provider is not relational, or the model has no checkpoints. Nothing was started.</exception>
    /// <example><code>
    /// await using var rows = await bus.ProjectAsync("order-rows", () => new ShopContext(options), events => events
    ///     .On&lt;OrderCreated&gt;((shop, created, e) => shop.Orders.Add(new() { Id = e.StreamId, Total = created.Total }))
    ///     .On&lt;OrderPaid&gt;(async (shop, paid, e, ct) => (await shop.Orders.FindAsync([e.StreamId.Value], ct))!.Paid += paid.Amount));
    /// </code></example>
    public static Task<Subscription> ProjectAsync<TContext>(
        this EventBus bus, string name, Func<TContext> create, Action<DbContextHandlers<TContext>> build, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(create);
        SynchronousDelegate.ThrowIfAsync(create, nameof(create));
        return bus.ProjectAsync(name, new DelegateContextFactory<TContext>(create), build, options, cancellationToken);
    }

    /// <summary>Starts a projection into a context that a factory makes. See the other overload.</summary>
    /// <typeparam name="TContext">The context.</typeparam>
    /// <param name="bus">The bus.</param>
    /// <param name="name">The name of the subscription and of the checkpoint.</param>
    /// <param name="contexts">Makes a new context for each batch, from a pool for instance.</param>
    /// <param name="build">Adds the handlers, at least one.</param>
    /// <param name="options">The settings; null for the defaults. Copied.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="ArgumentException">As in the other overload.</exception>
    /// <exception cref="InvalidOperationException">As in the other overload.</exception>
    /// <exception cref="StoreConfigurationException">As in the other overload.</exception>
    public static Task<Subscription> ProjectAsync<TContext>(
        this EventBus bus, string name, IDbContextFactory<TContext> contexts, Action<DbContextHandlers<TContext>> build, SubscriptionOptions? options = null, CancellationToken cancellationToken = default)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(build);
        SynchronousDelegate.ThrowIfAsync(build, nameof(build));
        var handlers = new DbContextHandlers<TContext>();
        build(handlers);
        var writer = new ProjectionWriter<TContext>(name, contexts, handlers, TimeProvider.System);
        return bus.SubscribeAsync(name, writer.Handler, writer.Complete(options ?? new()), cancellationToken);
    }

    /// <summary>Starts a projection that is a class. See the other overloads.</summary>
    /// <typeparam name="TContext">The context.</typeparam>
    /// <param name="bus">The bus.</param>
    /// <param name="projection">The handlers, with the projection's name and options.</param>
    /// <param name="contexts">Makes a new context for each batch.</param>
    /// <param name="cancellationToken">Ends the start only.</param>
    /// <exception cref="ArgumentException">As in the other overloads.</exception>
    /// <exception cref="InvalidOperationException">As in the other overloads.</exception>
    /// <exception cref="StoreConfigurationException">As in the other overloads.</exception>
    public static Task<Subscription> ProjectAsync<TContext>(
        this EventBus bus, DbContextProjection<TContext> projection, IDbContextFactory<TContext> contexts, CancellationToken cancellationToken = default) where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(projection);
        var writer = new ProjectionWriter<TContext>(projection.Name, contexts, projection.Handlers, TimeProvider.System);
        return bus.SubscribeAsync(projection.Name, writer.Handler, writer.Complete(projection.Options), cancellationToken);
    }

    /// <summary>Adds a projection into a context. The package EventSourcing.Hosting starts it with the host, as a subscriber. Added twice, it counts once.</summary>
    /// <typeparam name="TProjection">The projection: one instance for the process, made by the container.</typeparam>
    /// <typeparam name="TContext">The context; its factory is added by <c>services.AddDbContextFactory&lt;TContext&gt;(…)</c> or <c>AddPooledDbContextFactory</c>.</typeparam>
    /// <param name="builder">The builder.</param>
    public static EventSourcingBuilder AddDbContextProjection<TProjection, TContext>(this EventSourcingBuilder builder)
        where TProjection : DbContextProjection<TContext> where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<TProjection>();
        return builder.AddSubscriber<DbContextSubscriber<TProjection, TContext>>();
    }
}
