using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Bus.Internal;

/// <summary>An event on its way to live listeners; decoded at most once for all of them, by the first that asks.</summary>
internal sealed class Arrival(RecordedEvent e, EventDecoder decoder) : IHandled
{
    private EventEnvelope? _envelope;

    internal RecordedEvent Event { get; } = e;

    public EventMetadata Inherited => new HandledBytes(Event).Inherited;

    // Two that ask at once may both decode; either result will do.
    internal EventEnvelope Envelope => _envelope ??= new(Event, decoder.Decode(Event));
}
