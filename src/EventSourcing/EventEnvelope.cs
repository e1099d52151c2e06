using System.Collections.Frozen;
using System.Runtime.InteropServices;
using EventSourcing.Storage;
using EventSourcing.Tracing;

namespace EventSourcing;

/// <summary>An event as read, with everything that is known about it. Immutable; stays valid after the read has ended.</summary>
public sealed class EventEnvelope : IHandled
{
    private readonly ReadOnlyMemory<byte> _metadata;
    private const long NotGiven = -1;

    // Ticks in UTC take a third of the memory of the two times.
    private readonly long _timestamp;
    private readonly long _occurredAt;
    private readonly uint _mark;
    private IReadOnlyList<Tag>? _tags;
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
        _timestamp = recorded.Timestamp.UtcTicks;
        _occurredAt = recorded.OccurredAt?.UtcTicks ?? NotGiven;
        CorrelationId = recorded.CorrelationId;
        CausationId = recorded.CausationId;
        _tags = recorded.Tags;
        _mark = recorded.Mark;
        _metadata = recorded.Metadata;
    }

    /// <summary>For tests of handlers: an envelope that no log has stored.</summary>
    /// <param name="data">The event.</param>
    /// <param name="streamId">The stream. Default: <c>test-1</c>.</param>
    /// <param name="version">The place in the stream, 1 or more. Default 1.</param>
    /// <param name="position">The place in the log, after <see cref="GlobalPosition.Start"/>. Default: the one of number <paramref name="version"/>.</param>
    /// <param name="type">The stored type name. Default: the name of the event's CLR type.</param>
    /// <param name="eventId">The event's id. Default: a new one.</param>
    /// <param name="timestamp">When the log stored it. Default: <see cref="DateTimeOffset.UnixEpoch"/>.</param>
    /// <param name="occurredAt">When it happened. Default: not given.</param>
    /// <param name="metadata">Correlation, causation, actor and headers. Default: none.</param>
    /// <param name="tags">The tags. Default: none.</param>
    /// <exception cref="ArgumentOutOfRangeException">Version or position is below 1.</exception>
    public static EventEnvelope Create(
        object data, StreamId? streamId = null, long version = 1, GlobalPosition? position = null, string? type = null, Guid? eventId = null,
        DateTimeOffset? timestamp = null, DateTimeOffset? occurredAt = null, EventMetadata? metadata = null, IEnumerable<Tag>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        var place = position ?? GlobalPosition.FromInt64(version);
        ArgumentOutOfRangeException.ThrowIfEqual(place, GlobalPosition.Start, nameof(position));
        return new(
            new()
            {
                Position = place,
                StreamId = streamId is { IsDefault: false } stream ? stream : new("test-1"),
                Version = version,
                Type = type ?? data.GetType().Name,
                Id = eventId ?? Guid.NewGuid(),
                Timestamp = timestamp ?? DateTimeOffset.UnixEpoch,
                Details = EventDetails.Of(occurredAt, metadata?.CorrelationId, metadata?.CausationId, tags?.ToArray()),
            }, data)
        { _parsed = metadata is null ? null : metadata with { Headers = metadata.Headers.ToFrozenDictionary() } };
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
    public DateTimeOffset Timestamp => new(_timestamp, TimeSpan.Zero);

    /// <summary>When it happened, as the append gave it: UTC, microseconds; null where it gave no time.</summary>
    public DateTimeOffset? OccurredAt => _occurredAt == NotGiven ? null : new(_occurredAt, TimeSpan.Zero);

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
    public IReadOnlyList<Tag> Tags
    {
        get
        {
            // The array may be the log's: it is not handed out.
            if (_tags is Tag[] array) _tags = ImmutableCollectionsMarshal.AsImmutableArray(array);
            return _tags ?? [];
        }
    }

    EventMetadata IHandled.Inherited => EventContext.Inherit(EventId, CorrelationId, Actor);

    private EventMetadata Parsed => _parsed ??= EventMetadata.Read(_metadata, Type, StreamId, Position);

    /// <summary>Stream, version and type, for people.</summary>
    public override string ToString() => $"{StreamId}@{Version} {Type}";
}
