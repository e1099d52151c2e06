namespace EventSourcing.Storage;

/// <summary>A search for the one event with an id: a page of one event, or of none. Use <see cref="EventLogExtensions.FindEventAsync"/>.</summary>
public sealed record EventRead : LogRead
{
    /// <summary>A search for an event.</summary>
    /// <param name="eventId">The event's id; one that no event has gives an empty page.</param>
    public EventRead(Guid eventId) => EventId = eventId;

    /// <summary>The event's id.</summary>
    public Guid EventId { get; }

    /// <inheritdoc/>
    public override void Validate()
    {
    }
}
