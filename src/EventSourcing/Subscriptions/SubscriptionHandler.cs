using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;

namespace EventSourcing;

/// <summary>What a subscription does with its events: one at a time or in batches, decoded or as stored bytes. Immutable; may be given to several subscriptions, also of different stores.</summary>
/// <remarks>Handlers return a task, which is awaited before the next event; what it throws falls under the subscription's <see cref="FailurePolicy"/>. Handlers of one partition never run at the same time; those of different partitions may.</remarks>
public abstract class SubscriptionHandler
{
    private protected SubscriptionHandler()
    {
    }

    /// <summary>Which events the handler needs when the options have no query; null for every event.</summary>
    internal virtual EventQuery? Query => null;

    internal virtual bool IsBatch => false;

    /// <summary>Handles events one at a time.</summary>
    /// <param name="handle">Handles the event; gets the delivery's context, and a token that is cancelled when the subscription stops or its lease is lost.</param>
    /// <exception cref="ArgumentException">The delegate has several targets.</exception>
    public static SubscriptionHandler Each(Func<EventEnvelope, DeliveryContext, CancellationToken, Task> handle)
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return new UnboundHandler(new EachHandler(handle));
    }

    /// <summary>Handles events in batches, ascending by position.</summary>
    /// <param name="handle">Handles the events, at least one; the list must not be used after it returns. When it throws, the events of the batch are delivered again one by one. None of them counts as the cause of what it appends, unless the handler begins a scope with <see cref="EventContext.BeginScope(EventEnvelope)"/>.</param>
    /// <exception cref="ArgumentException">The delegate has several targets.</exception>
    public static SubscriptionHandler Batches(Func<IReadOnlyList<EventEnvelope>, DeliveryContext, CancellationToken, Task> handle)
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return new UnboundHandler(new BatchHandler(handle));
    }

    /// <summary>Handles events of some types in batches, ascending by position; those of other types are not decoded.</summary>
    /// <param name="types">Types of the store's type map, exactly; at least one.</param>
    /// <param name="handle">As in the other overload. Where upcasting gives several events, those of other types are left out.</param>
    /// <exception cref="ArgumentException">There is no type, or the delegate has several targets.</exception>
    public static SubscriptionHandler Batches(IEnumerable<Type> types, Func<IReadOnlyList<EventEnvelope>, DeliveryContext, CancellationToken, Task> handle)
    {
        ArgumentNullException.ThrowIfNull(types);
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return new TypedBatchHandler([.. types], handle);
    }

    /// <summary>Handles stored bytes, one event at a time; a type that the type map does not have is no error.</summary>
    /// <param name="handle">Handles the event; gets the delivery's context, and a token that is cancelled when the subscription stops or its lease is lost. The memory may be kept.</param>
    /// <exception cref="ArgumentException">The delegate has several targets.</exception>
    public static SubscriptionHandler RawEach(Func<RecordedEvent, DeliveryContext, CancellationToken, Task> handle)
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return new UnboundHandler(new EachRawHandler(handle));
    }

    /// <summary>Handles stored bytes in batches, ascending by position; a type that the type map does not have is no error.</summary>
    /// <param name="handle">Handles the events, at least one; the memory of the list must not be used after it returns, the bytes of the events may be kept. When it throws, the events of the batch are delivered again one by one. None of them counts as the cause of what it appends, unless the handler begins a scope with <see cref="EventContext.BeginScope(in RecordedEvent)"/>.</param>
    /// <exception cref="ArgumentException">The delegate has several targets.</exception>
    public static SubscriptionHandler RawBatches(Func<ReadOnlyMemory<RecordedEvent>, DeliveryContext, CancellationToken, Task> handle)
    {
        HandlerDelegate.ThrowIfCombined(handle, nameof(handle));
        return new UnboundHandler(new RawBatchHandler(handle));
    }

    /// <summary>Handles events by type; those of other types are not decoded.</summary>
    /// <param name="build">Adds the handlers, at least one.</param>
    /// <exception cref="ArgumentException">No handler is added, or the delegate is asynchronous.</exception>
    public static SubscriptionHandler ByType(Action<TypedHandlers> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        SynchronousDelegate.ThrowIfAsync(build, nameof(build));
        var handlers = new TypedHandlers();
        build(handlers);
        return ByType(handlers);
    }

    internal static SubscriptionHandler ByType(TypedHandlers handlers) => new TypedHandler(handlers);

    /// <summary>Resolves the handler for one subscription: one handler may serve several stores with different type maps.</summary>
    internal abstract BoundHandler Bind(EventTypeMap types);
}
