using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;

namespace EventSourcing;

/// <summary>What a subscription does with its events: one at a time or in batches, as events or as bytes. Immutable: one may be given to several subscriptions, of several stores too. Handlers of one runner never run at the same time; those of a group's segments may.</summary>
public abstract class SubscriptionHandler
{
    private protected SubscriptionHandler()
    {
    }

    /// <summary>What the handler asks for when the options say nothing; null for every event.</summary>
    internal virtual EventQuery? Query => null;

    internal virtual bool IsBatch => false;

    /// <summary>Handles events one at a time.</summary>
    /// <param name="handle">The event, what is known of its delivery, and a token that is cancelled when the effect would come too late.</param>
    public static SubscriptionHandler Each(Func<EventEnvelope, DeliveryContext, CancellationToken, ValueTask> handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return new UnboundHandler(new EachHandler(handle));
    }

    /// <summary>Handles events in batches, ascending by position.</summary>
    /// <param name="handle">The events, at least one; the list is the handler's only until it returns. When it throws, the events of the batch come again one by one. None of them counts as the cause of what it appends, unless it says so by <see cref="EventContext.BeginScope(EventEnvelope)"/>.</param>
    public static SubscriptionHandler Batches(Func<IReadOnlyList<EventEnvelope>, DeliveryContext, CancellationToken, ValueTask> handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return new UnboundHandler(new BatchHandler(handle));
    }

    /// <summary>Handles stored bytes, one event at a time; a type that the type map does not know is no error.</summary>
    /// <param name="handle">The event, what is known of its delivery, and a token that is cancelled when the effect would come too late. The memory may be kept.</param>
    public static SubscriptionHandler RawEach(Func<RecordedEvent, DeliveryContext, CancellationToken, ValueTask> handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return new UnboundHandler(new EachRawHandler(handle));
    }

    /// <summary>Handles stored bytes in batches, ascending by position; a type that the type map does not know is no error.</summary>
    /// <param name="handle">The events, at least one; the memory that holds them is the handler's only until it returns, their bytes may be kept. When it throws, the events of the batch come again one by one. None of them counts as the cause of what it appends, unless it says so by <see cref="EventContext.BeginScope(in RecordedEvent)"/>.</param>
    public static SubscriptionHandler RawBatches(Func<ReadOnlyMemory<RecordedEvent>, DeliveryContext, CancellationToken, ValueTask> handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return new UnboundHandler(new RawBatchHandler(handle));
    }

    /// <summary>Handles events by type; those of other types are not decoded.</summary>
    /// <param name="build">Names the types and their handlers, at least one.</param>
    /// <exception cref="ArgumentException">No handler is named, or the delegate is asynchronous.</exception>
    public static SubscriptionHandler ByType(Action<TypedHandlers> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        SynchronousDelegate.ThrowIfAsync(build, nameof(build));
        var handlers = new TypedHandlers();
        build(handlers);
        return ByType(handlers);
    }

    internal static SubscriptionHandler ByType(TypedHandlers handlers) => new TypedHandler(handlers);

    /// <summary>What one subscription calls: made anew for each, because one handler may serve several stores whose type maps differ.</summary>
    internal abstract BoundHandler Bind(EventTypeMap types);
}
