namespace EventSourcing.Hosting;

/// <summary>When the health checks complain.</summary>
public sealed class EventSourcingHostingOptions
{
    /// <summary>A subscription further behind the head than this many positions is degraded. Default 10,000; 0 or more.</summary>
    public long MaxLag { get; set; } = 10_000;

    /// <summary>A subscription with more events set aside than this is degraded. Default 0; 0 or more.</summary>
    public long MaxParked { get; set; }

    internal EventSourcingHostingOptions Validated()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxLag);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxParked);
        return this;
    }
}
