using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing.Internal;

/// <summary>What the core reports to, and the attributes it uses. Attribute names without the prefix <c>eventsourcing</c> are those of OpenTelemetry's conventions for databases.</summary>
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

    private static readonly Meter s_meter = new(EventSourcingTelemetry.Name);

    internal static ActivitySource? Source { get; } = Observers.Create(static () => new ActivitySource(EventSourcingTelemetry.Name));

    internal static Histogram<double>? AppendDuration { get; } = Observers.Create(static () =>
        s_meter.CreateHistogram<double>(EventSourcingTelemetry.AppendDuration, "s", "Duration of appends"));

    internal static Counter<long>? AppendConflicts { get; } = Observers.Create(static () =>
        s_meter.CreateCounter<long>(EventSourcingTelemetry.AppendConflicts, "{append}", "Appends refused because of a version or a condition"));

    internal static Histogram<double>? CommandDuration { get; } = Observers.Create(static () =>
        s_meter.CreateHistogram<double>(EventSourcingTelemetry.CommandDuration, "s", "Duration of commands"));

    internal static ObservableCounter<long>? ObserverFailures { get; } = Observers.Create(static () =>
        s_meter.CreateObservableCounter(EventSourcingTelemetry.ObserverFailures, static () => Observers.Failures, "{exception}", "Exceptions thrown by listeners and by handlers of events"));

    /// <summary>True while somebody has asked for activities.</summary>
    internal static bool IsTraced => Source is { } source && source.HasListeners();

    /// <summary>Marks the activity as failed; the exception itself is the caller's.</summary>
    internal static void Fail(this Activity? activity, Exception error) =>
        activity?.SetTag(ErrorType, error.GetType().FullName).SetStatus(ActivityStatusCode.Error, ExceptionText.MessageOf(error));
}
