using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing;

/// <summary>An event as read, with everything known about it. Immutable; it stays good after the read has ended.</summary>
public sealed class EventEnvelope : IHandled
{
    private readonly ReadOnlyMemory<byte> _metadata;
    private readonly uint _mark;
    private EventMetadata? _parsed;

    internal EventEnvelope(in RecordedEvent recorded, object data, int ordinal = 0)
    {
        Data = data;
        Ordinal = ordinal;
        EventId = recorded.Id;
        StreamId = recorded.StreamId;
        Version = recorded.Version;
        Position = recorded.Position;
        Type = recorded.Type;
        Timestamp = recorded.Timestamp;
        OccurredAt = recorded.OccurredAt;
        CorrelationId = recorded.CorrelationId;
        CausationId = recorded.CausationId;
        Tags = recorded.Tags ?? [];
        _mark = recorded.Mark;
        _metadata = recorded.Metadata;
    }

    /// <summary>The event.</summary>
    public object Data { get; }

    /// <summary>The event's id, unique in the log.</summary>
    public Guid EventId { get; }

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>The place in the stream; the first is 1.</summary>
    public long Version { get; }

    /// <summary>The place in the log.</summary>
    public GlobalPosition Position { get; }

    /// <summary><see cref="Position"/> for use outside the log: in a client, another file, another database.</summary>
    public ResumeToken ResumeToken => ResumeToken.Of(Position, EventId, _mark);

    /// <summary>Which of the events it is that its stored event reads as, from 0: they have position, version and id in common. 0 where it reads as one event.</summary>
    public int Ordinal { get; }

    /// <summary>The stored type name.</summary>
    public string Type { get; }

    /// <summary>When the log stored it: UTC, microseconds, never falling with position.</summary>
    public DateTimeOffset Timestamp { get; }

    /// <summary>When it happened, as the one who appended it said: UTC, microseconds; null where nothing was said.</summary>
    public DateTimeOffset? OccurredAt { get; }

    /// <summary>What one user's operation and everything that followed from it have in common, or null.</summary>
    public string? CorrelationId { get; }

    /// <summary>The event or command that led to this event, or null.</summary>
    public string? CausationId { get; }

    /// <summary>Who did it, or null.</summary>
    /// <exception cref="EventSerializationException">The stored metadata is no JSON object.</exception>
    public string? Actor => Parsed.Actor;

    /// <summary>Headers of the application's own; may be empty. A value that is no string gives its JSON text.</summary>
    /// <exception cref="EventSerializationException">The stored metadata is no JSON object.</exception>
    public IReadOnlyDictionary<string, string> Headers => Parsed.Headers;

    /// <summary>The tags, in the order they were given; may be empty.</summary>
    public IReadOnlyList<Tag> Tags { get; }

    EventMetadata IHandled.Inherited => EventContext.Inherit(EventId, CorrelationId, Actor);

    private EventMetadata Parsed => _parsed ??= EventMetadata.Read(_metadata, Type, StreamId, Position);

    /// <summary>Stream, version and type, for people.</summary>
    public override string ToString() => $"{StreamId}@{Version} {Type}";
}
