namespace EventSourcing;

/// <summary>Collects handlers by event type. Not thread-safe.</summary>
public sealed class TypedHandlers
{
    internal Dictionary<Type, Func<EventEnvelope, DeliveryContext, CancellationToken, Task>> ByType { get; } = [];

    /// <summary>Handles events of a type.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">Handles the event; gets its envelope, and a token that is cancelled when the subscription stops or its lease is lost. Its task is awaited before the next event.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    public TypedHandlers On<T>(Func<T, EventEnvelope, CancellationToken, Task> handle) where T : notnull
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return Add<T>((e, _, cancellationToken) => handle((T)e.Data, e, cancellationToken));
    }

    /// <summary>Handles events of a type, with the context of their delivery.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">Handles the event; gets its envelope, the delivery's context, and a token that is cancelled when the subscription stops or its lease is lost. Its task is awaited before the next event.</param>
    /// <exception cref="ArgumentException">The type already has a handler, or the delegate has several targets.</exception>
    public TypedHandlers On<T>(Func<T, EventEnvelope, DeliveryContext, CancellationToken, Task> handle) where T : notnull
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return Add<T>((e, delivery, cancellationToken) => handle((T)e.Data, e, delivery, cancellationToken));
    }

    private TypedHandlers Add<T>(Func<EventEnvelope, DeliveryContext, CancellationToken, Task> handle)
    {
        if (!ByType.TryAdd(typeof(T), handle)) throw new ArgumentException($"{typeof(T)} already has a handler. An event type can have only one handler in a subscription.", nameof(handle));
        return this;
    }
}
