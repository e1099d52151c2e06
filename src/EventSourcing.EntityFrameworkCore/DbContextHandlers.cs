using EventSourcing.Storage;
using Microsoft.EntityFrameworkCore;

namespace EventSourcing.EntityFrameworkCore;

/// <summary>Collects the handlers of a projection into a context, by event type. Not thread-safe.</summary>
/// <typeparam name="TContext">The context.</typeparam>
public sealed class DbContextHandlers<TContext> where TContext : DbContext
{
    internal Dictionary<Type, Func<TContext, EventEnvelope, CancellationToken, Task>> ByType { get; } = [];

    /// <summary>Handles events of a type. The changes of the context are saved after the last event of the batch, with the checkpoint.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">Changes the context, which is that of the batch and must not be kept; gets the event, its envelope, and a token that is cancelled when the subscription stops or its lease is lost. May call <c>SaveChangesAsync</c>; must not begin or commit a transaction.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    public DbContextHandlers<TContext> On<T>(Func<TContext, T, EventEnvelope, CancellationToken, Task> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        if (!handle.HasSingleTarget) throw new ArgumentException("The delegate has several targets, and only the task of the last one would be awaited. Pass one delegate that calls them one after another.", nameof(handle));
        return Add<T>((context, e, cancellationToken) => handle(context, (T)e.Data, e, cancellationToken));
    }

    /// <summary>Handles events of a type by changes that need no query.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">As in the other overload, without waiting for the database.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate is asynchronous.</exception>
    public DbContextHandlers<TContext> On<T>(Action<TContext, T, EventEnvelope> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        SynchronousDelegate.ThrowIfAsync(handle, nameof(handle));
        return Add<T>((context, e, _) =>
        {
            handle(context, (T)e.Data, e);
            return Task.CompletedTask;
        });
    }

    private DbContextHandlers<TContext> Add<T>(Func<TContext, EventEnvelope, CancellationToken, Task> handle)
    {
        if (!ByType.TryAdd(typeof(T), handle)) throw new ArgumentException($"{typeof(T)} already has a handler. An event type can have only one handler in a projection.", nameof(handle));
        return this;
    }
}
