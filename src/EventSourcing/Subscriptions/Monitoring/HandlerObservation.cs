using System.Diagnostics;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>The span and the duration of one call of a subscription's handler; <c>default</c> while no activity listener or meter listener is attached.</summary>
internal readonly struct HandlerObservation
{
    // As many as an SDK of OpenTelemetry keeps by default.
    private const int MaxLinks = 128;

    private readonly Activity? _activity;
    private readonly string? _subscription;
    private readonly long _started;

    private HandlerObservation(Activity? activity, string subscription) =>
        (_activity, _subscription, _started) = (activity, subscription, IsMeasured ? Stopwatch.GetTimestamp() : 0);

    /// <summary>True while an activity listener or a meter listener is attached.</summary>
    internal static bool IsWanted => IsMeasured || Instruments.IsTraced;

    private static bool IsMeasured => Instruments.HandlerDuration is { Enabled: true };

    internal static HandlerObservation Begin(in PartitionId key, in RecordedEvent e, int attempt)
    {
        if (!Instruments.IsTraced) return new(null, key.Name);
        var activity = Start(key, new(in e));
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(Instruments.MessageId, e.Id.ToString()).SetTag(Instruments.EventType, e.Type).SetTag(Instruments.StreamId, e.StreamId.Value)
                .SetTag(Instruments.Position, e.Position.ToInt64()).SetTag(Instruments.Attempt, attempt);
            if (e.CorrelationId is not null) activity.SetTag(Instruments.ConversationId, e.CorrelationId);
        }

        return new(activity, key.Name);
    }

    internal static HandlerObservation Begin(in PartitionId key, ReadOnlySpan<RecordedEvent> batch)
    {
        if (!Instruments.IsTraced) return new(null, key.Name);
        var activity = Start(key, batch);
        if (activity is { IsAllDataRequested: true }) activity.SetTag(Instruments.BatchCount, batch.Length).SetTag(Instruments.Position, batch[^1].Position.ToInt64());
        return new(activity, key.Name);
    }

    internal void End(Exception? error)
    {
        if (_subscription is null) return;
        if (error is not null) _activity.Fail(error);
        Observers.Stop(_activity);
        if (_started == 0) return;
        var tags = new TagList { { Instruments.Subscription, _subscription } };
        if (error is not null) tags.Add(Instruments.ErrorType, error.GetType().FullName);
        Observers.Record(Instruments.HandlerDuration, Stopwatch.GetElapsedTime(_started).TotalSeconds, tags);
    }

    private static Activity? Start(in PartitionId key, ReadOnlySpan<RecordedEvent> events)
    {
        var activity = Observers.Start($"process {key.Name}", ActivityKind.Consumer, LinksOf(events));
        if (activity is not { IsAllDataRequested: true }) return activity;
        activity.SetTag(Instruments.MessagingSystem, "eventsourcing").SetTag(Instruments.MessagingOperationName, "process").SetTag(Instruments.MessagingOperationType, "process")
            .SetTag(Instruments.Subscription, key.Name);
        if (key.IsPartitioned) activity.SetTag(Instruments.Partition, key.Partition);
        return activity;
    }

    private static List<ActivityLink>? LinksOf(ReadOnlySpan<RecordedEvent> events)
    {
        List<ActivityLink>? links = null;
        foreach (ref readonly var e in events)
        {
            if (TraceParentOf(e) is not { } parent || !ActivityContext.TryParse(parent, null, isRemote: true, out var context)) continue;
            links ??= [];
            // Events of one append have the same parent.
            if (links.Count == 0 || links[^1].Context != context) links.Add(new(context));
            if (links.Count == MaxLinks) break;
        }

        return links;
    }

    private static string? TraceParentOf(in RecordedEvent e)
    {
        // Most events have none, and parsing is expensive.
        if (e.Metadata.Span.IndexOf("traceparent"u8) < 0) return null;
        try
        {
            return EventMetadata.Read(e.Metadata, e.Type, e.StreamId, e.Position).Headers.GetValueOrDefault(EventMetadata.TraceParentKey);
        }
        catch (EventSerializationException)
        {
            // Metadata that cannot be read fails in the handler, if the handler uses it.
            return null;
        }
    }
}
