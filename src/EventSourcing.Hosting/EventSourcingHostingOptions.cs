namespace EventSourcing.Hosting;

/// <summary>Thresholds of the health checks. Validated and copied when they are registered; changes after that have no effect.</summary>
public sealed class EventSourcingHostingOptions
{
    /// <summary>The maximum distance of a subscription or a view from the head in positions; one further behind is degraded. 0 or more; default 10,000.</summary>
    public long MaxLag { get; set; } = 10_000;

    /// <summary>The maximum number of parked events of a subscription; one with more is degraded. 0 or more; default 0.</summary>
    public long MaxParked { get; set; }

    internal EventSourcingHostingOptions Validated()
    {
        if (MaxLag < 0) throw new ArgumentOutOfRangeException(nameof(MaxLag), MaxLag, "MaxLag is 0 or more positions.");
        if (MaxParked < 0) throw new ArgumentOutOfRangeException(nameof(MaxParked), MaxParked, "MaxParked is 0 or more events.");
        return (EventSourcingHostingOptions)MemberwiseClone();
    }
}
