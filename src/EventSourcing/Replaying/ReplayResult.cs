namespace EventSourcing;

/// <summary>What a complete replay has handled.</summary>
public sealed record ReplayResult
{
    /// <summary>For tests of code that replays.</summary>
    /// <param name="position">The end of the replay's range.</param>
    /// <param name="events">The number of events that the handler was called for.</param>
    public ReplayResult(GlobalPosition position, long events) => (Position, Events) = (position, events);

    /// <summary>The end of the replay's range: another replay after this position continues it.</summary>
    public GlobalPosition Position { get; }

    /// <summary>The number of events that the handler was called for.</summary>
    public long Events { get; }
}
