using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing.Bus;

/// <summary>An event for live subscriptions. The first subscription that needs it decodes it for all of them.</summary>
internal sealed class LiveEvent(RecordedEvent e, EventCodec codec) : IHandled
{
    private Envelopes _envelopes;

    internal RecordedEvent Event { get; } = e;

    public EventMetadata Inherited => new HandledBytes(Event).Inherited;

    // Two subscriptions may decode it at the same time; both results are equal.
    internal Envelopes Envelopes => _envelopes.IsDefault ? _envelopes = codec.Read(Event) : _envelopes;
}
