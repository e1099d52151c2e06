using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Replaying;

/// <summary>A handler of decoded events.</summary>
internal sealed class TypedTarget(EventCodec codec, BoundFilter filter, Func<EventEnvelope, CancellationToken, Task> handler) : ReplayTarget<Envelopes>(filter)
{
    internal override int PageSize => 1024;

    internal override bool TryDecode(in RecordedEvent e, out Envelopes stored)
    {
        stored = default;
        if (!Filter.AdmitsUndecoded(e)) return false;
        stored = codec.Read(e);
        return stored.Count > 0;
    }

    internal override int Select(ref Envelopes stored)
    {
        if (Filter.Predicate is { } predicate) stored = stored.Where(predicate);
        return stored.Count;
    }

    internal override ReplayPlace PlaceOf(in Envelopes stored)
    {
        var first = stored[0];
        return new(first.Position, first.StreamId, first.Type, first.Timestamp);
    }

    internal override Task HandleAsync(Envelopes stored, CancellationToken cancellationToken) =>
        stored.Single is { } one ? handler(one, cancellationToken) : HandleSeveralAsync(stored, cancellationToken);

    private async Task HandleSeveralAsync(Envelopes stored, CancellationToken cancellationToken)
    {
        for (var i = 0; i < stored.Count; i++) await handler(stored[i], cancellationToken).ConfigureAwait(false);
    }
}
