namespace EventSourcing.AspNetCore;

/// <summary>Settings of an event feed. Validated and copied when the feed is mapped.</summary>
public sealed class EventFeedOptions
{
    /// <summary>Which events clients may see at most; a client narrows it by the query string. Default: every event. A feed shows the events' data: set this where not every client may see all of it.</summary>
    public EventFilter Filter { get; set; } = EventFilter.All;

    /// <summary>Whether a client that names no place gets the events from now on, rather than all from the first one. Default false. The query string has <c>from=beginning</c> or <c>from=end</c> for one request.</summary>
    public bool StartAtEnd { get; set; }

    /// <summary>How long the feed is silent before it sends a comment, which keeps the connection open and tells the client its place. Default 15 s; from 0.1 s to 1 hour.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a client may take to accept what was sent; then its connection is closed. Default 30 s; from 0.1 s to 1 hour.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>After which time a browser connects again (the field <c>retry</c>). Default 1 s; from 0 to 1 hour.</summary>
    public TimeSpan Retry { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How many clients may follow the feed at a time; the next one is answered with 503. Default 1,000; from 1.</summary>
    public int MaxClients { get; set; } = 1000;

    /// <summary>The key of the store in the container. Default null: the store without a key.</summary>
    public string? StoreKey { get; set; }

    internal EventFeedOptions Validated()
    {
        ArgumentNullException.ThrowIfNull(Filter);
        InRange(Heartbeat, TimeSpan.FromSeconds(0.1), nameof(Heartbeat), "0.1 s");
        InRange(WriteTimeout, TimeSpan.FromSeconds(0.1), nameof(WriteTimeout), "0.1 s");
        InRange(Retry, TimeSpan.Zero, nameof(Retry), "0");
        if (MaxClients < 1) throw new ArgumentOutOfRangeException(nameof(MaxClients), MaxClients, "MaxClients must be 1 or more.");
        return (EventFeedOptions)MemberwiseClone();
    }

    private static void InRange(TimeSpan value, TimeSpan min, string name, string minText)
    {
        if (value < min || value > TimeSpan.FromHours(1)) throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {minText} to 1 hour.");
    }
}
