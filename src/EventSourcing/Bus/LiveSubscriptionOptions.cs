namespace EventSourcing;

/// <summary>Settings of a live subscription. Validated and copied when it starts; a later change has no effect on it.</summary>
public sealed class LiveSubscriptionOptions
{
    /// <summary>Where to start. Default: the end, so events stored from now on are delivered.</summary>
    public StartFrom From { get; set; } = StartFrom.End;

    /// <summary>What happens when the queue is full. Default: <see cref="OverflowPolicy.CatchUp"/>.</summary>
    public OverflowPolicy OnOverflow { get; set; }

    /// <summary>How many events may wait for the handler in memory. Default 1,024; from 1 to 1,048,576.</summary>
    public int Capacity { get; set; } = 1024;

    /// <summary>A copy whose values are in their ranges.</summary>
    internal LiveSubscriptionOptions Validated()
    {
        var copy = (LiveSubscriptionOptions)MemberwiseClone();
        ArgumentNullException.ThrowIfNull(copy.From, nameof(From));
        if (!Enum.IsDefined(copy.OnOverflow)) throw new ArgumentOutOfRangeException(nameof(OnOverflow), copy.OnOverflow, "OnOverflow must be CatchUp, DropOldest or Fail.");
        if (copy.Capacity is < 1 or > 1 << 20) throw new ArgumentOutOfRangeException(nameof(Capacity), copy.Capacity, "Capacity must be from 1 to 1,048,576.");
        return copy;
    }
}
