using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Replaying;

/// <summary>A handler of stored events. They are decoded only for a predicate.</summary>
internal sealed class RawTarget(EventCodec codec, BoundFilter filter, Func<RecordedEvent, CancellationToken, Task> handler) : ReplayTarget<RecordedEvent>(filter)
{
    internal override int PageSize => 512;

    internal override bool TryDecode(in RecordedEvent e, out RecordedEvent stored)
    {
        stored = e;
        return Filter.AdmitsUndecoded(e);
    }

    internal override int Select(ref RecordedEvent stored) => Filter.Predicate is not { } predicate || codec.Read(stored).Any(predicate) ? 1 : 0;

    internal override ReplayPlace PlaceOf(in RecordedEvent stored) => new(stored.Position, stored.StreamId, stored.Type, stored.Timestamp);

    internal override Task HandleAsync(RecordedEvent stored, CancellationToken cancellationToken) => handler(stored, cancellationToken);
}
