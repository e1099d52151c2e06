using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing.Bus;

/// <summary>An event on its way to live listeners; decoded at most once for all of them, by the first that asks.</summary>
internal sealed class LiveEvent(RecordedEvent e, EventCodec codec) : IHandled
{
    private Envelopes _envelopes;

    internal RecordedEvent Event { get; } = e;

    public EventMetadata Inherited => new HandledBytes(Event).Inherited;

    // Two that ask at once may both decode; either result will do.
    internal Envelopes Envelopes => _envelopes.IsDefault ? _envelopes = codec.Read(Event) : _envelopes;
}
