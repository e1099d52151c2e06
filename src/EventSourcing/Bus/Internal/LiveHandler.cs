using EventSourcing.Storage;

namespace EventSourcing.Bus;

/// <summary>The handler of a live subscription, called once for each decoded event or once for the bytes.</summary>
internal sealed class LiveHandler
{
    private readonly Func<EventEnvelope, CancellationToken, Task>? _each;
    private readonly Func<RecordedEvent, CancellationToken, Task>? _raw;

    internal LiveHandler(Func<EventEnvelope, CancellationToken, Task> each) => _each = each;

    internal LiveHandler(Func<RecordedEvent, CancellationToken, Task> raw) => _raw = raw;

    /// <summary>The number of calls for an event.</summary>
    /// <exception cref="EventSerializationException">It cannot be read.</exception>
    internal int CallsFor(LiveEvent e) => _raw is null ? e.Envelopes.Count : 1;

    /// <summary>True when the filter's predicate is true for a call. For a handler of bytes: when it is true for one of the decoded events.</summary>
    /// <exception cref="EventSerializationException">It cannot be read.</exception>
    internal bool IsAdmitted(Func<EventEnvelope, bool> predicate, LiveEvent e, int call) =>
        _raw is null ? predicate(e.Envelopes[call]) : e.Envelopes.Any(predicate);

    internal Task HandleAsync(LiveEvent e, int call, CancellationToken cancellationToken) =>
        (_raw is null ? _each!(e.Envelopes[call], cancellationToken) : _raw(e.Event, cancellationToken))
        ?? throw new InvalidOperationException("The handler returned null instead of a task. Return Task.CompletedTask where there is nothing to await.");
}
