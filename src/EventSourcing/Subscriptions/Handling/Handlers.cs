using System.Collections.Frozen;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing.Subscriptions.Handling;

/// <summary>A handler that is the same for every store.</summary>
internal sealed class UnboundHandler(BoundHandler handler) : SubscriptionHandler
{
    internal override bool IsBatch => handler.IsBatch;

    internal override BoundHandler Bind(EventTypeMap types) => handler;
}

/// <summary>Handlers by type. The stored names of the types, and with them the query, depend on the store.</summary>
internal sealed class TypedHandler : SubscriptionHandler
{
    private readonly FrozenDictionary<Type, Func<EventEnvelope, DeliveryContext, CancellationToken, Task>> _handlers;

    internal TypedHandler(TypedHandlers handlers)
    {
        if (handlers.ByType.Count == 0) throw new ArgumentException("No handler was added. Add at least one: handlers.On<…>(…).", nameof(handlers));
        _handlers = handlers.ByType.ToFrozenDictionary();
        Query = EventQuery.Of([.. _handlers.Keys]);
    }

    internal override EventQuery Query { get; }

    internal override BoundHandler Bind(EventTypeMap types) =>
        new BoundTypedHandler(_handlers, Query.Resolve(types).Items.SelectMany(i => i.Types).ToFrozenSet(StringComparer.Ordinal));
}

/// <summary>A handler of batches of some types. Their stored names, and with them the query, depend on the store.</summary>
internal sealed class TypedBatchHandler : SubscriptionHandler
{
    private readonly FrozenSet<Type> _types;
    private readonly Func<IReadOnlyList<EventEnvelope>, DeliveryContext, CancellationToken, Task> _handle;

    internal TypedBatchHandler(Type[] types, Func<IReadOnlyList<EventEnvelope>, DeliveryContext, CancellationToken, Task> handle)
    {
        if (types.Length == 0) throw new ArgumentException("There is no type. Give at least one.", nameof(types));
        (_types, _handle) = (types.ToFrozenSet(), handle);
        Query = EventQuery.Of(types);
    }

    internal override EventQuery Query { get; }

    internal override bool IsBatch => true;

    internal override BoundHandler Bind(EventTypeMap types) =>
        new BatchHandler(_handle, _types, Query.Resolve(types).Items.SelectMany(i => i.Types).ToFrozenSet(StringComparer.Ordinal));
}

internal sealed class EachHandler(Func<EventEnvelope, DeliveryContext, CancellationToken, Task> handle) : BoundHandler
{
    internal override Task HandleAsync(in RecordedEvent e, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var envelopes = reader.Read(e);
        return envelopes.Single is { } envelope ? HandleAsync(envelope, delivery, cancellationToken) : HandleAsync(envelopes, delivery, cancellationToken);
    }

    private Task HandleAsync(EventEnvelope envelope, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        delivery.Enter(envelope);
        return handle(envelope, delivery, cancellationToken);
    }

    private async Task HandleAsync(Envelopes envelopes, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        for (var i = 0; i < envelopes.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await HandleAsync(envelopes[i], delivery, cancellationToken).ConfigureAwait(false);
        }
    }
}

internal sealed class EachRawHandler(Func<RecordedEvent, DeliveryContext, CancellationToken, Task> handle) : BoundHandler
{
    internal override Task HandleAsync(in RecordedEvent e, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        delivery.Enter(new HandledBytes(e));
        return handle(e, delivery, cancellationToken);
    }
}

/// <summary>Handles decoded events in batches.</summary>
/// <param name="handle">The handler.</param>
/// <param name="types">The CLR types that it takes; null for all.</param>
/// <param name="names">The stored names of these types; null for all.</param>
internal sealed class BatchHandler(
    Func<IReadOnlyList<EventEnvelope>, DeliveryContext, CancellationToken, Task> handle, FrozenSet<Type>? types = null, FrozenSet<string>? names = null) : BoundHandler
{
    internal override bool IsBatch => true;

    internal override bool Selects(string type) => names is null || names.Contains(type);

    internal override Task HandleAsync(in RecordedEvent e, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        delivery.EnterBatch();
        return HandleAsync(new[] { e }, reader, delivery, cancellationToken);
    }

    internal override Task HandleAsync(ReadOnlyMemory<RecordedEvent> events, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var all = new List<EventEnvelope>(events.Length);
        foreach (ref readonly var e in events.Span)
        {
            var envelopes = reader.Read(e);
            for (var i = 0; i < envelopes.Count; i++)
                if (types is null || types.Contains(envelopes[i].Data.GetType())) all.Add(envelopes[i]);
        }

        return all.Count == 0 ? Task.CompletedTask : handle(all, delivery, cancellationToken);
    }
}

internal sealed class RawBatchHandler(Func<ReadOnlyMemory<RecordedEvent>, DeliveryContext, CancellationToken, Task> handle) : BoundHandler
{
    internal override bool IsBatch => true;

    internal override Task HandleAsync(in RecordedEvent e, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        delivery.EnterBatch();
        return handle(new[] { e }, delivery, cancellationToken);
    }

    internal override Task HandleAsync(ReadOnlyMemory<RecordedEvent> events, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken) =>
        handle(events, delivery, cancellationToken);
}

internal sealed class BoundTypedHandler(
    FrozenDictionary<Type, Func<EventEnvelope, DeliveryContext, CancellationToken, Task>> handlers, FrozenSet<string> names) : BoundHandler
{
    internal override bool Selects(string type) => names.Contains(type);

    internal override Task HandleAsync(in RecordedEvent e, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        var envelopes = reader.Read(e);
        if (envelopes.Single is not { } envelope) return HandleAsync(envelopes, delivery, cancellationToken);
        // An upcaster may have made an event of another type than the handler asked for.
        return handlers.TryGetValue(envelope.Data.GetType(), out var handle) ? HandleAsync(envelope, handle, delivery, cancellationToken) : Task.CompletedTask;
    }

    private static Task HandleAsync(
        EventEnvelope envelope, Func<EventEnvelope, DeliveryContext, CancellationToken, Task> handle, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        delivery.Enter(envelope);
        return handle(envelope, delivery, cancellationToken);
    }

    // Upcasting gave several events: those without a handler are skipped.
    private async Task HandleAsync(Envelopes envelopes, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        for (var i = 0; i < envelopes.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (handlers.TryGetValue(envelopes[i].Data.GetType(), out var handle)) await HandleAsync(envelopes[i], handle, delivery, cancellationToken).ConfigureAwait(false);
        }
    }
}
