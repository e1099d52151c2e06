namespace EventSourcing;

/// <summary>An event about to be appended, with what is said about it. Where nothing needs to be said, append the plain event instead.</summary>
public sealed record EventData
{
    /// <summary>Wraps an event.</summary>
    /// <param name="data">The event; its CLR type has an entry in the store's type map.</param>
    public EventData(object data)
    {
        ArgumentNullException.ThrowIfNull(data);
        Data = data is EventData wrapped ? throw new ArgumentException($"The event is wrapped already: {wrapped}.", nameof(data)) : data;
    }

    /// <summary>The event.</summary>
    public object Data { get; }

    /// <summary>Its id, unique in the log; null lets the log give one. Appending the same events with the same ids again changes nothing.</summary>
    public Guid? Id { get; init; }

    /// <summary>When it happened, kept in UTC to the microsecond; null: not said.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>Tags beside those that the type map's rules give.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>What is known about it; parts left out come from the append. Null takes the append's.</summary>
    public EventMetadata? Metadata { get; init; }

    /// <summary>The stream it goes to, for decisions that write to several; null where the append names the stream.</summary>
    public StreamId? StreamId { get; init; }
}
