namespace EventSourcing.Storage;

/// <summary>The stored checkpoint and lease of one partition of a subscription.</summary>
public sealed class RecordedPartition
{
    internal RecordedPartition()
    {
    }

    /// <summary>The number, from 0 to 15; 0 where the subscription is not partitioned.</summary>
    public int Partition { get; internal init; }

    /// <summary>The last position that was handled, parked or filtered out; null when the checkpoint cannot be read.</summary>
    public GlobalPosition? Checkpoint { get; internal init; }

    /// <summary>The highest checkpoint that the partition ever had: after a reset, events up to here are replays. Null when the checkpoint cannot be read.</summary>
    public GlobalPosition? Furthest { get; internal init; }

    /// <summary>The process that holds the lease, as its <see cref="EventBus.Owner"/> says; null when it was never held or was given back, or when its record cannot be read.</summary>
    /// <remarks>A process that ended without giving it back stays the owner until another takes over. It is alive while <see cref="Renewals"/> rises within its <see cref="EventBus.LeaseTimeout"/>.</remarks>
    public Guid? Owner { get; internal init; }

    /// <summary>The fencing token of the lease, which rises with every change of the owner; 0 when it was never held or cannot be read.</summary>
    public long FencingToken { get; internal init; }

    /// <summary>Rises while the owner lives; 0 when the lease was never held or cannot be read.</summary>
    public long Renewals { get; internal init; }

    /// <summary>What is wrong with the record of the checkpoint, or else with that of the lease; null when both are sound.</summary>
    public StoreCorruptException? Error { get; internal init; }
}
