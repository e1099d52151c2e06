namespace EventSourcing;

/// <summary>How a live listener works.</summary>
public sealed class LiveSubscriptionOptions
{
    /// <summary>Where to begin. Default: the end, so that what is stored from now on comes.</summary>
    public StartFrom From { get; init; } = StartFrom.End;

    /// <summary>What happens when the queue is full. Default: the listener reads on from the log by itself.</summary>
    public OverflowPolicy OnOverflow { get; init; }

    /// <summary>How many events may wait for the listener in memory. Default 1,024; from 1 to 1,048,576.</summary>
    public int Capacity { get; init; } = 1024;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(From);
        if (!Enum.IsDefined(OnOverflow)) throw new ArgumentOutOfRangeException(nameof(OnOverflow), OnOverflow, "Wait, DropOldest or Fail.");
        if (Capacity is < 1 or > 1 << 20) throw new ArgumentOutOfRangeException(nameof(Capacity), Capacity, "Capacity is from 1 to 1,048,576.");
    }
}
