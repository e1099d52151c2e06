using System.Collections.Frozen;
using EventSourcing.Internal;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>A handler that is the same for every store.</summary>
internal sealed class UnboundHandler(BoundHandler handler) : SubscriptionHandler
{
    internal override bool IsBatch => handler.IsBatch;

    internal override BoundHandler Bind(EventTypeMap types) => handler;
}

/// <summary>Handlers by type. The stored names of the types, and so what it wants, are those of one store.</summary>
internal sealed class TypedHandler : SubscriptionHandler
{
    private readonly FrozenDictionary<Type, Func<EventEnvelope, Delivery, CancellationToken, ValueTask>> _handlers;

    internal TypedHandler(TypedHandlers handlers)
    {
        if (handlers.ByType.Count == 0) throw new ArgumentException("At least one type has a handler.", nameof(handlers));
        _handlers = handlers.ByType.ToFrozenDictionary();
        Query = EventQuery.Of([.. _handlers.Keys]);
    }

    internal override EventQuery Query { get; }

    internal override BoundHandler Bind(EventTypeMap types) =>
        new BoundTypedHandler(_handlers, Query.Resolve(types).Items.SelectMany(i => i.Types).ToFrozenSet(StringComparer.Ordinal));
}

internal sealed class EachHandler(Func<EventEnvelope, Delivery, CancellationToken, ValueTask> handle) : BoundHandler
{
    internal override ValueTask HandleAsync(in RecordedEvent e, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        var envelope = new EventEnvelope(e, decoder.Decode(e));
        delivery.Enter(envelope);
        return handle(envelope, delivery, cancellationToken);
    }
}

internal sealed class EachRawHandler(Func<RecordedEvent, Delivery, CancellationToken, ValueTask> handle) : BoundHandler
{
    internal override ValueTask HandleAsync(in RecordedEvent e, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        delivery.Enter(new HandledBytes(e));
        return handle(e, delivery, cancellationToken);
    }
}

internal sealed class BatchHandler(Func<IReadOnlyList<EventEnvelope>, Delivery, CancellationToken, ValueTask> handle) : BoundHandler
{
    internal override bool IsBatch => true;

    internal override ValueTask HandleAsync(in RecordedEvent e, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        var envelope = new EventEnvelope(e, decoder.Decode(e));
        delivery.EnterBatch();
        return handle([envelope], delivery, cancellationToken);
    }

    internal override ValueTask HandleAsync(ReadOnlyMemory<RecordedEvent> events, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        var envelopes = new EventEnvelope[events.Length];
        for (var i = 0; i < envelopes.Length; i++)
        {
            ref readonly var e = ref events.Span[i];
            envelopes[i] = new(e, decoder.Decode(e));
        }

        return handle(envelopes, delivery, cancellationToken);
    }
}

internal sealed class RawBatchHandler(Func<ReadOnlyMemory<RecordedEvent>, Delivery, CancellationToken, ValueTask> handle) : BoundHandler
{
    internal override bool IsBatch => true;

    internal override ValueTask HandleAsync(in RecordedEvent e, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        delivery.EnterBatch();
        return handle(new[] { e }, delivery, cancellationToken);
    }

    internal override ValueTask HandleAsync(ReadOnlyMemory<RecordedEvent> events, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken) =>
        handle(events, delivery, cancellationToken);
}

internal sealed class BoundTypedHandler(
    FrozenDictionary<Type, Func<EventEnvelope, Delivery, CancellationToken, ValueTask>> handlers, FrozenSet<string> names) : BoundHandler
{
    internal override bool Selects(string type) => names.Contains(type);

    internal override ValueTask HandleAsync(in RecordedEvent e, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        var data = decoder.Decode(e);
        if (!handlers.TryGetValue(data.GetType(), out var handle))
            throw new InvalidOperationException($"No handler takes {data.GetType()}, which the type map gives for '{e.Type}'.");
        var envelope = new EventEnvelope(e, data);
        delivery.Enter(envelope);
        return handle(envelope, delivery, cancellationToken);
    }
}
