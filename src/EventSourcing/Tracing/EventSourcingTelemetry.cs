using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing;

/// <summary>The names under which the library reports what it does. Nothing is measured or allocated while no activity or meter listener is attached.</summary>
/// <remarks>
/// <para>
/// Activities: <c>append {category}</c> for an append, <c>handle {command}</c> for a command, and <c>process {subscription}</c> for each call of a subscription's handler, with one event or a batch. The last has no parent. It links to
/// the activities that appended its events, where those were recorded: the <c>traceparent</c> in an event's metadata identifies them. Its attributes are those of OpenTelemetry's conventions for messaging.
/// </para>
/// <para>
/// Measurements of subscriptions have the subscription's name as <c>messaging.destination.subscription.name</c> and, where it is named below, the outcome. Streams, keys and partitions are not among the attributes, so their number does not grow with the data.
/// A view set is a subscription too, with the name of <see cref="ViewSet.SubscriptionName"/>: its lag, its handled events and its failures are measured as those.
/// Durations advise buckets from 10 µs to 10 s.
/// </para>
/// <para>
/// An exception of an activity or meter listener does not change the result of the operation: an append that is stored is reported as stored. The exception is counted in <see cref="ObserverFailures"/>. When a meter listener throws while an instrument is published, that instrument reports nothing until the process ends.
/// </para>
/// </remarks>
/// <example><c>.WithTracing(t => t.AddSource(EventSourcingTelemetry.Name)).WithMetrics(m => m.AddMeter(EventSourcingTelemetry.Name))</c></example>
public static class EventSourcingTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string Name = "EventSourcing";

    /// <summary>Histogram: seconds that an append took, refused ones included, by <c>db.collection.name</c> (the first stream's category) and <c>error.type</c>.</summary>
    public const string AppendDuration = "eventsourcing.append.duration";

    /// <summary>Counter: appends refused because of a stream's version or of a condition, by <c>db.collection.name</c> and <c>error.type</c>.</summary>
    public const string AppendConflicts = "eventsourcing.append.conflicts";

    /// <summary>Histogram: seconds that a command took with all its attempts, by <c>eventsourcing.command.type</c> and <c>error.type</c>.</summary>
    public const string CommandDuration = "eventsourcing.command.duration";

    /// <summary>Counter: exceptions thrown by activity listeners, by meter listeners and by handlers of <see cref="EventBus.EventFailed"/>, since the process started.</summary>
    public const string ObserverFailures = "eventsourcing.observer.failures";

    /// <summary>Gauge: events between a subscription's position and the head of the log, those included that are not for it; of a partitioned subscription, of the partition that is furthest behind. Reported by the process in which it is active, paused or faulted.</summary>
    /// <remarks>The head is the one of the last page that the process read. Each collection has the head read in the background, for the next one; at most once a second. A collection itself reads nothing.</remarks>
    public const string SubscriptionLagEvents = "eventsourcing.subscription.lag.events";

    /// <summary>Gauge: seconds since the log stored the event that a subscription has to handle next or is handling; 0 where none is left. Reported as <see cref="SubscriptionLagEvents"/> is.</summary>
    public const string SubscriptionLagTime = "eventsourcing.subscription.lag.time";

    /// <summary>Counter: events that a subscription handled, retried ones once.</summary>
    public const string SubscriptionHandled = "eventsourcing.subscription.handled";

    /// <summary>Counter: attempts of a subscription's handler that failed, by <c>eventsourcing.outcome</c>: <c>retried</c>, <c>parked</c> or <c>paused</c>. A batch that fails counts once, as retried.</summary>
    public const string SubscriptionFailed = "eventsourcing.subscription.failed";

    /// <summary>Counter: events that a subscription parked, those included that were held back for an earlier one of their key.</summary>
    public const string SubscriptionParked = "eventsourcing.subscription.parked";

    /// <summary>Histogram: seconds that a call of a subscription's handler took, with one event or a batch, by <c>error.type</c> where it failed.</summary>
    public const string SubscriptionHandlerDuration = "eventsourcing.subscription.handler.duration";

    /// <summary>Gauge: the part of the log that a build of a view set has handled, from 0 to 1, by <c>eventsourcing.view.set</c> (name and version: <c>order-list.v2</c>). Reported by the process that builds, while it builds.</summary>
    public const string ProjectionRebuildProgress = "eventsourcing.projection.rebuild.progress";

    /// <summary>Counter: documents that a view set wrote or removed, a document once for each write, by <c>eventsourcing.view.set</c>. Builds and verifications count too.</summary>
    public const string ProjectionWritten = "eventsourcing.projection.written";

    /// <summary>Histogram: seconds that a view set took to write its changed documents with the checkpoint, by <c>eventsourcing.view.set</c>.</summary>
    public const string ProjectionWriteDuration = "eventsourcing.projection.write.duration";
}
