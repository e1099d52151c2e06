namespace EventSourcing;

/// <summary>Says something about an event that is about to be appended: <c>new UserRegistered(id, email).In($"user-{id}")</c>.</summary>
public static class EventDataExtensions
{
    /// <summary>The event, for this stream.</summary>
    /// <param name="event">An event or an <see cref="EventData"/>.</param>
    /// <param name="stream">The stream.</param>
    public static EventData In(this object @event, StreamId stream) => Wrap(@event) with { StreamId = stream };

    /// <summary>The event, under this id: appended again under it, it changes nothing.</summary>
    /// <param name="event">An event or an <see cref="EventData"/>.</param>
    /// <param name="id">Unique in the log.</param>
    public static EventData WithId(this object @event, Guid id) => Wrap(@event) with { Id = id };

    /// <summary>The event, said to have happened at this moment.</summary>
    /// <param name="event">An event or an <see cref="EventData"/>.</param>
    /// <param name="occurredAt">Kept in UTC to the microsecond.</param>
    public static EventData At(this object @event, DateTimeOffset occurredAt) => Wrap(@event) with { OccurredAt = occurredAt };

    /// <summary>The event, with one more tag.</summary>
    /// <param name="event">An event or an <see cref="EventData"/>.</param>
    /// <param name="name">The tag's name.</param>
    /// <param name="value">The tag's value.</param>
    public static EventData Tagged(this object @event, string name, string value)
    {
        var data = Wrap(@event);
        return data with { Tags = [.. data.Tags, new Tag(name, value)] };
    }

    private static EventData Wrap(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        return @event as EventData ?? new EventData(@event);
    }
}
