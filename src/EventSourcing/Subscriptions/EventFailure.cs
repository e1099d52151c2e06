namespace EventSourcing;

/// <summary>An event whose handling failed, with the outcome. See <see cref="EventBus.EventFailed"/>.</summary>
public sealed class EventFailure
{
    /// <summary>The subscription's name.</summary>
    public required string Subscription { get; init; }

    /// <summary>The partition, from 0 to 15; 0 where the subscription is not partitioned.</summary>
    public required int Partition { get; init; }

    /// <summary>The event's position; for a batch, the position of its first event.</summary>
    public required GlobalPosition Position { get; init; }

    /// <summary>The event's stream.</summary>
    public required StreamId StreamId { get; init; }

    /// <summary>The event's stored type.</summary>
    public required string Type { get; init; }

    /// <summary>The key whose later events are held back; null where the event is not parked.</summary>
    public required string? PartitionKey { get; init; }

    /// <summary>The number of the attempt that failed, from 1; 0 for an event that was not delivered.</summary>
    public required int Attempt { get; init; }

    /// <summary>The outcome.</summary>
    public required FailureOutcome Outcome { get; init; }

    /// <summary>The time until the next attempt; zero where none follows automatically. The events of a failed batch are delivered again one by one, at once.</summary>
    public required TimeSpan Delay { get; init; }

    /// <summary>The exception; null for an event that was not delivered.</summary>
    public required Exception? Exception { get; init; }

    /// <summary>Type and message of <see cref="Exception"/>, or that an earlier event of the key is parked; at most 2,000 characters.</summary>
    public required string Reason { get; init; }
}
