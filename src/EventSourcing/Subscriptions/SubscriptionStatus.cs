namespace EventSourcing;

/// <summary>The status of a subscription in this process; of a partitioned one, of the partitions that are active here.</summary>
public sealed record SubscriptionStatus
{
    /// <summary>The subscription's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its state; of a partitioned one, the state that needs attention most.</summary>
    public required SubscriptionState State { get; init; }

    /// <summary>The last position that was handled, parked or filtered out; of a partitioned one, of the partition that is furthest behind.</summary>
    public required GlobalPosition Position { get; init; }

    /// <summary>The position of the log's last event.</summary>
    public required GlobalPosition Head { get; init; }

    /// <summary>How many positions lie between <see cref="Position"/> and <see cref="Head"/>; events that it does not ask for count too.</summary>
    public long Lag => Math.Max(0, Head.ToInt64() - Position.ToInt64());

    /// <summary>Events handled per second, over the last 5 to 10 seconds of activity.</summary>
    public required double Rate { get; init; }

    /// <summary>The number of events handled since the subscription started in this process, repeats included.</summary>
    public required long Handled { get; init; }

    /// <summary>The number of failed attempts since the subscription started in this process.</summary>
    public required long Failures { get; init; }

    /// <summary>The number of parked events.</summary>
    public required long Parked { get; init; }

    /// <summary>When the oldest parked event was parked: UTC; null when there is none.</summary>
    public required DateTimeOffset? ParkedSince { get; init; }

    /// <summary>Why the oldest parked event was parked; null when there is none.</summary>
    public string? ParkedReason { get; init; }

    /// <summary>The last failure of the handler or the log since the subscription started in this process; null when there was none. The event may have been handled since: see <see cref="LastErrorAt"/>, and <see cref="StateCause"/> for what matters now.</summary>
    public required Exception? LastError { get; init; }

    /// <summary>When <see cref="LastError"/> happened: UTC, by the clock of the event bus.</summary>
    public DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>The failure for which the subscription is faulted or paused; null in every other state, and when it was paused by request.</summary>
    public Exception? StateCause { get; init; }

    /// <summary>The owner of the lease, as far as this process knows, see <see cref="EventBus.Owner"/>: this process while it is active; in standby the owner that it saw last; null when there is none, or it has not looked yet. Of a partitioned subscription, of the first partition in the shown state.</summary>
    public Guid? LeaseOwner { get; init; }

    /// <summary>In standby, the time for which this process has seen no renewal by the <see cref="LeaseOwner"/>: the lease is taken over when that is <see cref="EventBusOptions.LeaseTimeout"/>. Null otherwise.</summary>
    public TimeSpan? LeaseSilence { get; init; }
}
