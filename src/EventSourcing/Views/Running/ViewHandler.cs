using System.Collections.Frozen;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;

namespace EventSourcing.Views.Running;

/// <summary>Hands the events of a subscription to the place of a set.</summary>
internal sealed class ViewHandler(ViewSet set, ViewSetPlace place) : SubscriptionHandler
{
    internal override EventQuery Query => set.Query;

    internal override bool IsBatch => true;

    internal override BoundHandler Bind(EventTypeMap types) => new Bound(place, Query.Resolve(types).Items.SelectMany(item => item.Types).ToFrozenSet(StringComparer.Ordinal));

    private sealed class Bound(ViewSetPlace place, FrozenSet<string> names) : BoundHandler
    {
        internal override bool IsBatch => true;

        internal override bool Selects(string type) => names.Contains(type);

        internal override Task HandleAsync(in RecordedEvent e, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken)
        {
            delivery.EnterBatch();
            place.Fold(reader.Read(e));
            return Task.CompletedTask;
        }

        internal override async Task HandleAsync(ReadOnlyMemory<RecordedEvent> events, EventReader reader, DeliveryContext delivery, CancellationToken cancellationToken)
        {
            for (var i = 0; i < events.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                place.Fold(reader.Read(events.Span[i]));
                if (place.IsFull) await place.WriteFoldedAsync(events.Span[i].Token).ConfigureAwait(false);
            }
        }
    }
}
