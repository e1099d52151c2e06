namespace EventSourcing;

/// <summary>How a subscription stands, as this process knows it. Of a group, the segments that this process runs.</summary>
public sealed record SubscriptionStatus
{
    /// <summary>The subscription's name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is doing; of a group, the state that needs attention most.</summary>
    public required SubscriptionState State { get; init; }

    /// <summary>Everything up to here was handled, parked or not asked for; of a group, the segment furthest behind.</summary>
    public required GlobalPosition Position { get; init; }

    /// <summary>The position of the log's last event.</summary>
    public required GlobalPosition Head { get; init; }

    /// <summary>How many positions lie between <see cref="Position"/> and <see cref="Head"/>; events that it does not ask for count too.</summary>
    public long Lag => Math.Max(0, Head.ToInt64() - Position.ToInt64());

    /// <summary>Events handled per second, over the last 5 to 10 seconds of activity.</summary>
    public required double Rate { get; init; }

    /// <summary>Events handled since this runner began, repeats included.</summary>
    public required long Handled { get; init; }

    /// <summary>Failed attempts since this runner began.</summary>
    public required long Failures { get; init; }

    /// <summary>Events set aside.</summary>
    public required long Parked { get; init; }

    /// <summary>When the oldest event that is set aside was set aside; null when there is none.</summary>
    public required DateTimeOffset? ParkedSince { get; init; }

    /// <summary>Why the oldest event that is set aside was set aside; null when there is none.</summary>
    public string? ParkedReason { get; init; }

    /// <summary>The last failure since this runner began, of the handler or the log; null when there was none. What failed may have been handled since: see <see cref="LastErrorAt"/>, and <see cref="StateCause"/> for what matters now.</summary>
    public required Exception? LastError { get; init; }

    /// <summary>When <see cref="LastError"/> happened: UTC, by the runner's clock.</summary>
    public DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>The failure for which the subscription is faulted or paused; null in every other state, and when it was paused by request.</summary>
    public Exception? StateCause { get; init; }

    /// <summary>Who holds the lease, as far as this process knows, see <see cref="EventBus.Owner"/>: this process while it is active; in standby the holder that it saw last; null when nobody does, or it has not looked yet. Of a group, of the first segment that is in the shown state.</summary>
    public Guid? LeaseOwner { get; init; }

    /// <summary>In standby, for how long this process has seen no sign of life of the <see cref="LeaseOwner"/>: the lease is taken over when that is <see cref="EventBusOptions.LeaseTimeout"/>. Null otherwise.</summary>
    public TimeSpan? LeaseSilence { get; init; }
}
