namespace EventSourcing.EntityFrameworkCore;

/// <summary>A parked event that was handled later, as a row of your database: by it, such an event counts exactly once as well. Part of the model by <see cref="EventSourcingModelExtensions.AddEventSourcingCheckpoints"/>; for reading.</summary>
public sealed class EventSourcingRetriedEvent
{
    /// <summary>The projection's name; up to 200 characters.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>The event's id.</summary>
    public Guid EventId { get; internal set; }
}
