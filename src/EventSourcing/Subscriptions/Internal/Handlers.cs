using System.Collections.Frozen;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

internal sealed class EachHandler(Func<EventEnvelope, Delivery, CancellationToken, ValueTask> handle) : SubscriptionHandler
{
    internal override ValueTask HandleAsync(in RecordedEvent e, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        var envelope = new EventEnvelope(e, decoder.Decode(e));
        delivery.Enter(envelope);
        return handle(envelope, delivery, cancellationToken);
    }
}

internal sealed class EachRawHandler(Func<RecordedEvent, Delivery, CancellationToken, ValueTask> handle) : SubscriptionHandler
{
    internal override ValueTask HandleAsync(in RecordedEvent e, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        delivery.Enter(new HandledBytes(e));
        return handle(e, delivery, cancellationToken);
    }
}

internal sealed class BatchHandler(Func<IReadOnlyList<EventEnvelope>, Delivery, CancellationToken, ValueTask> handle) : SubscriptionHandler
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

internal sealed class RawBatchHandler(Func<ReadOnlyMemory<RecordedEvent>, Delivery, CancellationToken, ValueTask> handle) : SubscriptionHandler
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

internal sealed class TypedHandler : SubscriptionHandler
{
    private readonly FrozenDictionary<Type, Func<EventEnvelope, Delivery, CancellationToken, ValueTask>> _handlers;
    private FrozenSet<string> _names = [];

    internal TypedHandler(TypedHandlers handlers)
    {
        if (handlers.ByType.Count == 0) throw new ArgumentException("At least one type has a handler.", nameof(handlers));
        _handlers = handlers.ByType.ToFrozenDictionary();
        Query = EventQuery.Of([.. _handlers.Keys]);
    }

    internal override EventQuery Query { get; }

    internal override void Bind(EventStore store) =>
        _names = store.Types.Resolve(Query).Items.SelectMany(i => i.Types).ToFrozenSet(StringComparer.Ordinal);

    internal override bool Selects(string type) => _names.Contains(type);

    internal override ValueTask HandleAsync(in RecordedEvent e, EventDecoder decoder, Delivery delivery, CancellationToken cancellationToken)
    {
        var data = decoder.Decode(e);
        if (!_handlers.TryGetValue(data.GetType(), out var handle))
            throw new InvalidOperationException($"No handler takes {data.GetType()}, which the type map gives for '{e.Type}'.");
        var envelope = new EventEnvelope(e, data);
        delivery.Enter(envelope);
        return handle(envelope, delivery, cancellationToken);
    }
}
