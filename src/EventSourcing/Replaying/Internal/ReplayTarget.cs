using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Replaying;

/// <summary>The handler of a replay with its filter.</summary>
/// <typeparam name="T">What a stored event is decoded to.</typeparam>
internal abstract class ReplayTarget<T>(BoundFilter filter)
{
    /// <summary>The maximum number of events in a page. Arrays of pages must not be large objects, which are collected late.</summary>
    internal abstract int PageSize { get; }

    internal BoundFilter Filter => filter;

    /// <summary>Decodes a stored event; false when the filter leaves it out. Called by several threads, and runs no predicate.</summary>
    internal abstract bool TryDecode(in RecordedEvent e, out T stored);

    /// <summary>Applies the predicate, in order of position: the number of events to handle, and <paramref name="stored"/> without the others.</summary>
    internal abstract int Select(ref T stored);

    internal abstract ReplayPlace PlaceOf(in T stored);

    /// <summary>Calls the handler.</summary>
    internal abstract Task HandleAsync(T stored, CancellationToken cancellationToken);

    /// <summary>Calls the handler; what it throws names the event's place.</summary>
    internal async ValueTask RunAsync(T stored, CancellationToken cancellationToken)
    {
        try
        {
            await HandleAsync(stored, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw ErrorOf(stored, e);
        }
    }

    internal ReplayException ErrorOf(in T stored, Exception error)
    {
        var place = PlaceOf(stored);
        return new(place.Position, place.Type, place.StreamId, error);
    }
}
