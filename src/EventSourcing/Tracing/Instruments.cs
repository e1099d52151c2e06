using System.Diagnostics;
using System.Diagnostics.Metrics;
using EventSourcing.Internal;

namespace EventSourcing.Tracing;

/// <summary>The activity source and the instruments of the core, with their attributes. Attribute names without the prefix <c>eventsourcing</c> are those of OpenTelemetry's conventions for databases and messaging.</summary>
internal static class Instruments
{
    internal const string SystemName = "db.system.name";
    internal const string OperationName = "db.operation.name";
    internal const string CollectionName = "db.collection.name";
    internal const string ErrorType = "error.type";
    internal const string StreamId = "eventsourcing.stream.id";
    internal const string EventCount = "eventsourcing.event.count";
    internal const string Position = "eventsourcing.position";
    internal const string WasDuplicate = "eventsourcing.duplicate";
    internal const string CommandId = "eventsourcing.command.id";
    internal const string CommandType = "eventsourcing.command.type";
    internal const string CommandAttempts = "eventsourcing.command.attempts";
    internal const string EventType = "eventsourcing.event.type";
    internal const string Partition = "eventsourcing.partition";
    internal const string Attempt = "eventsourcing.attempt";
    internal const string Outcome = "eventsourcing.outcome";
    internal const string ViewSet = "eventsourcing.view.set";
    internal const string MessagingSystem = "messaging.system";
    internal const string MessagingOperationName = "messaging.operation.name";
    internal const string MessagingOperationType = "messaging.operation.type";
    internal const string Subscription = "messaging.destination.subscription.name";
    internal const string MessageId = "messaging.message.id";
    internal const string ConversationId = "messaging.message.conversation_id";
    internal const string BatchCount = "messaging.batch.message_count";

    // From an append in memory or a handler that does almost nothing to a handler that waits for a service.
    private static readonly InstrumentAdvice<double> s_seconds = new()
    {
        HistogramBucketBoundaries = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly Meter s_meter = new(EventSourcingTelemetry.Name);

    internal static ActivitySource? Source { get; } = Observers.Create(static () => new ActivitySource(EventSourcingTelemetry.Name));

    internal static Histogram<double>? AppendDuration { get; } = Observers.Create(static () =>
        s_meter.CreateHistogram(EventSourcingTelemetry.AppendDuration, "s", "Duration of appends", tags: null, s_seconds));

    internal static Counter<long>? AppendConflicts { get; } = Observers.Create(static () =>
        s_meter.CreateCounter<long>(EventSourcingTelemetry.AppendConflicts, "{append}", "Appends refused because of a version or a condition"));

    internal static Histogram<double>? CommandDuration { get; } = Observers.Create(static () =>
        s_meter.CreateHistogram(EventSourcingTelemetry.CommandDuration, "s", "Duration of commands", tags: null, s_seconds));

    internal static Histogram<double>? HandlerDuration { get; } = Observers.Create(static () =>
        s_meter.CreateHistogram(EventSourcingTelemetry.SubscriptionHandlerDuration, "s", "Duration of calls of subscriptions' handlers", tags: null, s_seconds));

    internal static Counter<long>? Handled { get; } = Observers.Create(static () =>
        s_meter.CreateCounter<long>(EventSourcingTelemetry.SubscriptionHandled, "{event}", "Events that subscriptions handled"));

    internal static Counter<long>? Failed { get; } = Observers.Create(static () =>
        s_meter.CreateCounter<long>(EventSourcingTelemetry.SubscriptionFailed, "{attempt}", "Attempts of subscriptions' handlers that failed"));

    internal static Counter<long>? Parked { get; } = Observers.Create(static () =>
        s_meter.CreateCounter<long>(EventSourcingTelemetry.SubscriptionParked, "{event}", "Events that subscriptions parked"));

    internal static Counter<long>? ProjectionWritten { get; } = Observers.Create(static () =>
        s_meter.CreateCounter<long>(EventSourcingTelemetry.ProjectionWritten, "{document}", "Documents that views wrote or removed"));

    internal static Histogram<double>? ProjectionWriteDuration { get; } = Observers.Create(static () =>
        s_meter.CreateHistogram(EventSourcingTelemetry.ProjectionWriteDuration, "s", "Duration of writes of views", tags: null, s_seconds));

    internal static ObservableCounter<long>? ObserverFailures { get; } = Observers.Create(static () =>
        s_meter.CreateObservableCounter(EventSourcingTelemetry.ObserverFailures, static () => Observers.Failures, "{exception}", "Exceptions thrown by activity listeners, meter listeners and handlers of events"));

    /// <summary>Creates a gauge that reads its values from the given source; null when a meter listener threw.</summary>
    internal static ObservableGauge<T>? Gauge<T>(string name, Func<IEnumerable<Measurement<T>>> observe, string unit, string description) where T : struct =>
        Observers.Create(() => s_meter.CreateObservableGauge(name, observe, unit, description));

    /// <summary>True while an activity listener is attached.</summary>
    internal static bool IsTraced => Source is { } source && source.HasListeners();

    /// <summary>Marks the activity as failed; the exception itself is the caller's.</summary>
    internal static void Fail(this Activity? activity, Exception error) =>
        activity?.SetTag(ErrorType, error.GetType().FullName).SetStatus(ActivityStatusCode.Error, ExceptionText.MessageOf(error));
}
