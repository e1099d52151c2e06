namespace EventSourcing;

/// <summary>An event id is already in use for something else, or twice in one append. Nothing was written.</summary>
/// <remarks>All events of an append stored before, in the same order and with the same content, are a repeat instead and succeed.</remarks>
public sealed class DuplicateEventException : EventSourcingException
{
    /// <summary>Reports the first id that is in use.</summary>
    /// <param name="eventId">The id.</param>
    /// <param name="position">Where the stored event with this id is; <see cref="GlobalPosition.Start"/> when the append itself has the id twice.</param>
    /// <param name="reason">What differs, or how the append repeats the id.</param>
    public DuplicateEventException(Guid eventId, GlobalPosition position, string reason)
        : base($"Nothing was written. Event id {eventId}: {reason}") =>
        (EventId, Position) = (eventId, position);

    /// <summary>The id in question.</summary>
    public Guid EventId { get; }

    /// <summary>Where the stored event with this id is; <see cref="GlobalPosition.Start"/> when the append itself has the id twice.</summary>
    public GlobalPosition Position { get; }
}
