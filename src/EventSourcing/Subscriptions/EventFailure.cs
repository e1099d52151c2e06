namespace EventSourcing;

/// <summary>An event whose handling failed, and what becomes of it. See <see cref="EventBus.EventFailed"/>.</summary>
public sealed class EventFailure
{
    /// <summary>The subscription's name.</summary>
    public required string Subscription { get; init; }

    /// <summary>The segment of a group, from 0 to 15; 0 where there is no group.</summary>
    public required int Partition { get; init; }

    /// <summary>The event's position; of a batch that failed, its first event's.</summary>
    public required GlobalPosition Position { get; init; }

    /// <summary>The event's stream.</summary>
    public required StreamId StreamId { get; init; }

    /// <summary>The event's stored type.</summary>
    public required string Type { get; init; }

    /// <summary>The key that is held back; null where the event is not set aside.</summary>
    public required string? PartitionKey { get; init; }

    /// <summary>Which attempt failed, from 1; 0 for an event that was not tried.</summary>
    public required int Attempt { get; init; }

    /// <summary>What becomes of the event.</summary>
    public required FailureOutcome Outcome { get; init; }

    /// <summary>How long until the next attempt; zero where none follows by itself. The events of a batch that failed come again one by one, at once.</summary>
    public required TimeSpan Delay { get; init; }

    /// <summary>What was thrown; null for an event that was not tried.</summary>
    public required Exception? Exception { get; init; }

    /// <summary>Type and message of <see cref="Exception"/>, or that an earlier event of the key is set aside; at most 2,000 characters.</summary>
    public required string Reason { get; init; }
}
