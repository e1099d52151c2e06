namespace EventSourcing.Storage;

/// <summary>A subscription as the log's records describe it, independent of the process that runs it. See <see cref="SubscriptionLogExtensions.ReadSubscriptionsAsync"/>.</summary>
public sealed class RecordedSubscription
{
    internal RecordedSubscription(string name, bool isPartitioned, IReadOnlyList<RecordedPartition> partitions) =>
        (Name, IsPartitioned, Partitions) = (name, isPartitioned, [.. partitions]);

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>True when several workers share it: it then has 16 partitions, otherwise one.</summary>
    public bool IsPartitioned { get; }

    /// <summary>The partitions that have a checkpoint, by number; at least one.</summary>
    public IReadOnlyList<RecordedPartition> Partitions { get; }

    /// <summary>The lowest checkpoint: everything up to here is done in every partition whose checkpoint can be read. The lag is what the log holds after it (<see cref="Storage.EventLogExtensions.GetHeadAsync"/>).</summary>
    public GlobalPosition Position
    {
        get
        {
            var lowest = default(GlobalPosition?);
            foreach (var partition in Partitions)
                if (partition.Checkpoint is { } checkpoint && (lowest is null || checkpoint < lowest)) lowest = checkpoint;
            return lowest ?? GlobalPosition.Start;
        }
    }

    /// <summary>Name and position, for people.</summary>
    public override string ToString() => $"{Name} at {Position}";
}
