using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing;

/// <summary>Under which names the library reports what it does; nothing is measured or allocated for it while nobody listens.</summary>
/// <remarks>What a listener throws changes nothing of what it watches: an append that is stored is reported as stored. It is counted as <see cref="ObserverFailures"/>. A listener that throws when an instrument is shown to it leaves that instrument without reports for the life of the process.</remarks>
/// <example><c>.WithTracing(t => t.AddSource(EventSourcingTelemetry.Name)).WithMetrics(m => m.AddMeter(EventSourcingTelemetry.Name))</c></example>
public static class EventSourcingTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string Name = "EventSourcing";

    /// <summary>Seconds that an append took, refused ones included, by <c>db.collection.name</c> (the first stream's category) and <c>error.type</c>.</summary>
    public const string AppendDuration = "eventsourcing.append.duration";

    /// <summary>Appends refused because of a stream's version or of a condition, by <c>db.collection.name</c> and <c>error.type</c>.</summary>
    public const string AppendConflicts = "eventsourcing.append.conflicts";

    /// <summary>Seconds that a command took with all its attempts, by <c>eventsourcing.command.type</c> and <c>error.type</c>.</summary>
    public const string CommandDuration = "eventsourcing.command.duration";

    /// <summary>Exceptions that listeners of these instruments and activities threw, and handlers of <see cref="Subscriptions.Subscriber.EventFailed"/>; counted since the process began.</summary>
    public const string ObserverFailures = "eventsourcing.observer.failures";
}
