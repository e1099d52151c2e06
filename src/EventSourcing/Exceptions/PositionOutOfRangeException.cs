namespace EventSourcing;

/// <summary>A caller's position lies beyond the log's head: the log lost its tail, or the position belongs to another log.</summary>
public sealed class PositionOutOfRangeException : EventSourcingException
{
    /// <summary>Reports both positions.</summary>
    /// <param name="checkpoint">The caller's position.</param>
    /// <param name="head">The position of the log's last event.</param>
    public PositionOutOfRangeException(GlobalPosition checkpoint, GlobalPosition head)
        : base($"Position {checkpoint} lies beyond the log's head {head}: the log lost its tail, or the position belongs to another log.") =>
        (Checkpoint, Head) = (checkpoint, head);

    /// <summary>The caller's position.</summary>
    public GlobalPosition Checkpoint { get; }

    /// <summary>The position of the log's last event.</summary>
    public GlobalPosition Head { get; }
}
