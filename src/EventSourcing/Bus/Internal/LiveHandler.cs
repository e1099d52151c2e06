using EventSourcing.Storage;

namespace EventSourcing.Bus;

/// <summary>What a live listener calls: once for each event that a stored one reads as, or once for its bytes.</summary>
internal sealed class LiveHandler
{
    private readonly Func<EventEnvelope, CancellationToken, ValueTask>? _each;
    private readonly Func<RecordedEvent, CancellationToken, ValueTask>? _raw;

    internal LiveHandler(Func<EventEnvelope, CancellationToken, ValueTask> each) => _each = each;

    internal LiveHandler(Func<RecordedEvent, CancellationToken, ValueTask> raw) => _raw = raw;

    /// <summary>How many calls an event asks for.</summary>
    /// <exception cref="EventSerializationException">It cannot be read.</exception>
    internal int CallsFor(LiveEvent arrival) => _raw is null ? arrival.Envelopes.Count : 1;

    /// <summary>True when the route's predicates want a call. Bytes are wanted when they want one of the events that these read as.</summary>
    /// <exception cref="EventSerializationException">It cannot be read.</exception>
    internal bool IsAdmitted(BoundFilter route, LiveEvent arrival, int call) =>
        _raw is null ? route.Admits(arrival.Envelopes[call]) : arrival.Envelopes.Any(route.Admits);

    internal ValueTask HandleAsync(LiveEvent arrival, int call, CancellationToken cancellationToken) =>
        _raw is null ? _each!(arrival.Envelopes[call], cancellationToken) : _raw(arrival.Event, cancellationToken);
}
