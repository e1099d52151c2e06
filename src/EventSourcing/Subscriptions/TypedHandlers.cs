namespace EventSourcing;

/// <summary>Collects handlers by event type. Not thread-safe.</summary>
public sealed class TypedHandlers
{
    internal Dictionary<Type, Func<EventEnvelope, DeliveryContext, CancellationToken, ValueTask>> ByType { get; } = [];

    /// <summary>Handles events of a type.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">The event, its envelope, and a token that is cancelled when the effect would come too late.</param>
    /// <exception cref="ArgumentException">The type has a handler.</exception>
    public TypedHandlers On<T>(Func<T, EventEnvelope, CancellationToken, ValueTask> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        return Add<T>((e, _, cancellationToken) => handle((T)e.Data, e, cancellationToken));
    }

    /// <summary>Handles events of a type, with what is known of their delivery.</summary>
    /// <typeparam name="T">A type of the store's type map, exactly.</typeparam>
    /// <param name="handle">The event, its envelope, its delivery, and a token that is cancelled when the effect would come too late.</param>
    /// <exception cref="ArgumentException">The type has a handler.</exception>
    public TypedHandlers On<T>(Func<T, EventEnvelope, DeliveryContext, CancellationToken, ValueTask> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        return Add<T>((e, delivery, cancellationToken) => handle((T)e.Data, e, delivery, cancellationToken));
    }

    private TypedHandlers Add<T>(Func<EventEnvelope, DeliveryContext, CancellationToken, ValueTask> handle)
    {
        if (!ByType.TryAdd(typeof(T), handle)) throw new ArgumentException($"{typeof(T)} has a handler.", nameof(handle));
        return this;
    }
}
