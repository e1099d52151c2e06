using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>Reports failures of handlers to the callbacks of <see cref="EventBus.EventFailed"/>. Allocates nothing while there are none.</summary>
internal sealed class FailureReport
{
    internal event Action<EventFailure>? Failed;

    internal void Tell(PartitionId key, in RecordedEvent e, string? parkedKey, int attempt, FailureOutcome outcome, TimeSpan delay, Exception? error, string? reason = null)
    {
        SubscriptionMetrics.Failed(key.Name, outcome);
        if (Failed is not { } failed) return;
        Observers.Tell(failed, new()
        {
            Subscription = key.Name,
            Partition = key.Partition,
            Position = e.Position,
            StreamId = e.StreamId,
            Type = e.Type,
            PartitionKey = parkedKey,
            Attempt = attempt,
            Outcome = outcome,
            Delay = delay,
            Exception = error,
            Reason = reason ?? ExceptionText.Describe(error!),
        });
    }
}
