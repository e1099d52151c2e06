using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing.Bus;

/// <summary>An event on its way to live subscriptions; decoded once for all of them, by the first that needs it.</summary>
internal sealed class LiveEvent(RecordedEvent e, EventCodec codec) : IHandled
{
    private Envelopes _envelopes;

    internal RecordedEvent Event { get; } = e;

    public EventMetadata Inherited => new HandledBytes(Event).Inherited;

    // Two that need it at the same time may both decode it; either result is right.
    internal Envelopes Envelopes => _envelopes.IsDefault ? _envelopes = codec.Read(Event) : _envelopes;
}
