namespace EventSourcing;

/// <summary>A caller's position is beyond the log's head: the log lost its tail, or the position belongs to another log.</summary>
public sealed class PositionOutOfRangeException : EventSourcingException
{
    /// <summary>Reports both positions.</summary>
    /// <param name="position">The caller's position.</param>
    /// <param name="head">The position of the log's last event.</param>
    public PositionOutOfRangeException(GlobalPosition position, GlobalPosition head)
        : base($"Position {position} is beyond the log's head {head}: the log lost its tail, or the position belongs to another log. Read the head again, or use a ResumeToken for positions that are kept outside the process.") =>
        (Position, Head) = (position, head);

    /// <summary>The caller's position.</summary>
    public GlobalPosition Position { get; }

    /// <summary>The position of the log's last event.</summary>
    public GlobalPosition Head { get; }
}
