namespace EventSourcing.Subscriptions;

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

    /// <summary>The last failure, of the handler or the log; null when there was none.</summary>
    public required Exception? LastError { get; init; }
}
