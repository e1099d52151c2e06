using System.Collections;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>An event to be appended, with what belongs to it: stream, id, time, tags, metadata. Immutable. Where there is nothing to add, append the plain event instead.</summary>
/// <example><code>
/// EventData.For("user-7", new UserRegistered("7", email)).At(importedAt).Tagged("source", "import")
/// </code></example>
public sealed record EventData
{
    /// <summary>Wraps an event.</summary>
    /// <param name="data">The event; its CLR type has an entry in the store's type map.</param>
    /// <exception cref="ArgumentException">It is an <see cref="EventData"/> already, a sequence of events, or a task.</exception>
    public EventData(object data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data is EventData wrapped) throw new ArgumentException($"The event is wrapped already: {wrapped}. Change it by its own members, for example WithId.", nameof(data));
        if (WhyNotOneEvent(data) is { } reason) throw new ArgumentException($"{data.GetType()} is not an event: {reason}.", nameof(data));
        Data = data;
    }

    /// <summary>The event.</summary>
    public object Data { get; }

    /// <summary>Its id, unique in the log; null lets the log create one. Appending the same events with the same ids again changes nothing.</summary>
    public Guid? Id { get; init; }

    /// <summary>When it happened, kept in UTC to the microsecond; null where that is not known.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>Tags beside those that the type map's rules give; default none.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>Correlation, causation, actor and headers; parts left out come from <see cref="Append.Metadata"/>. Null takes all from there.</summary>
    public EventMetadata? Metadata { get; init; }

    /// <summary>The stream it goes to, for decisions that write to several streams; null where the append names the stream.</summary>
    public StreamId? StreamId { get; init; }

    /// <summary>An event for a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="event">One event, or an <see cref="EventData"/>, whose stream is replaced. For several events: <c>events.Select(e => EventData.For(stream, e))</c>.</param>
    /// <exception cref="ArgumentException">The stream is <c>default</c>, or the event is a sequence of events or a task.</exception>
    public static EventData For(StreamId stream, object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", nameof(stream));
        return (@event as EventData ?? new EventData(@event)) with { StreamId = stream };
    }

    /// <summary>The event with this id: appended again with it, it changes nothing.</summary>
    /// <param name="id">Unique in the log.</param>
    public EventData WithId(Guid id) => this with { Id = id };

    /// <summary>The event with the time when it happened.</summary>
    /// <param name="occurredAt">Kept in UTC to the microsecond.</param>
    public EventData At(DateTimeOffset occurredAt) => this with { OccurredAt = occurredAt };

    /// <summary>The event with one more tag.</summary>
    /// <param name="name">The tag's name.</param>
    /// <param name="value">The tag's value.</param>
    public EventData Tagged(string name, string value) => this with { Tags = [.. Tags, new Tag(name, value)] };

    /// <summary>The event with this metadata.</summary>
    /// <param name="metadata">Replaces <see cref="Metadata"/>; parts left out come from the append.</param>
    public EventData WithMetadata(EventMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return this with { Metadata = metadata };
    }

    /// <summary>The event itself, wrapped or not.</summary>
    internal static object DataOf(object @event) => @event is EventData eventData ? eventData.Data : @event;

    /// <summary>Why an object cannot be an event, with what to do; null when it may be one. Dictionaries and JSON objects may.</summary>
    internal static string? WhyNotOneEvent(object data)
    {
        if (data is Task || (data is ValueType && SynchronousDelegate.IsAwaitable(data.GetType()))) return "it is a task, and nothing would wait for it. Await it first, and append its result";
        return data is IEnumerable<object> or IAsyncEnumerable<object> or IList
            ? "it is a sequence of events, and an event is one object. Append each: [.. events], or events.Select(e => EventData.For(stream, e)) to name their stream"
            : null;
    }
}
