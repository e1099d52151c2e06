using EventSourcing.Storage;

namespace EventSourcing.Bus;

/// <summary>What a live subscription calls: once for each event that a stored one reads as, or once for its bytes.</summary>
internal sealed class LiveHandler
{
    private readonly Func<EventEnvelope, CancellationToken, Task>? _each;
    private readonly Func<RecordedEvent, CancellationToken, Task>? _raw;

    internal LiveHandler(Func<EventEnvelope, CancellationToken, Task> each) => _each = each;

    internal LiveHandler(Func<RecordedEvent, CancellationToken, Task> raw) => _raw = raw;

    /// <summary>How many calls an event asks for.</summary>
    /// <exception cref="EventSerializationException">It cannot be read.</exception>
    internal int CallsFor(LiveEvent e) => _raw is null ? e.Envelopes.Count : 1;

    /// <summary>Whether the filter's predicate is true for a call. For stored bytes, whether it is true for one of the events that they read as.</summary>
    /// <exception cref="EventSerializationException">It cannot be read.</exception>
    internal bool IsAdmitted(Func<EventEnvelope, bool> predicate, LiveEvent e, int call) =>
        _raw is null ? predicate(e.Envelopes[call]) : e.Envelopes.Any(predicate);

    internal Task HandleAsync(LiveEvent e, int call, CancellationToken cancellationToken) =>
        (_raw is null ? _each!(e.Envelopes[call], cancellationToken) : _raw(e.Event, cancellationToken))
        ?? throw new InvalidOperationException("The handler returned null instead of a task. Return Task.CompletedTask where there is nothing to await.");
}
