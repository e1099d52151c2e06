using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>An event in a chunk: 80 bytes.</summary>
internal struct StoredEvent
{
    internal Guid Id;
    internal long Ticks;
    internal StreamIndex Stream;
    internal TypeIndex Type;
    internal EventDetails? Details;
    internal byte[] Slab;
    internal int Offset;
    internal int DataLength;
    internal int MetadataLength;
    internal int Version;
    internal bool IsJson;

    internal readonly int Bytes => DataLength + MetadataLength;

    internal readonly IReadOnlyList<Tag> Tags => Details?.Tags ?? [];

    internal readonly ReadOnlyMemory<byte> Data => new(Slab, Offset, DataLength);

    internal readonly bool HasContentOf(StreamId stream, in LogEvent e) =>
        Stream.Id == stream && Type.Name == e.Type && Data.Span.SequenceEqual(e.Data.Span);

    internal readonly RecordedEvent ToRecorded(int position, bool includeTags) => new()
    {
        Position = GlobalPosition.FromInt64(position),
        StreamId = Stream.Id,
        Version = Version,
        Type = Type.Name,
        Id = Id,
        Timestamp = new(Ticks, TimeSpan.Zero),
        OccurredAt = Details?.OccurredAt,
        CorrelationId = Details?.CorrelationId,
        CausationId = Details?.CausationId,
        Metadata = new(Slab, Offset + DataLength, MetadataLength),
        Data = Data,
        IsJson = IsJson,
        Tags = includeTags ? Details?.Tags : null,
    };
}

/// <summary>What many events do not have; shared by neighbours where it is the same.</summary>
internal sealed record EventDetails(DateTimeOffset? OccurredAt, string? CorrelationId, string? CausationId, Tag[]? Tags)
{
    internal static EventDetails? Of(in LogEvent e, EventDetails? previous)
    {
        var hasTags = e.Tags is { Count: > 0 };
        if (e.OccurredAt is null && e.CorrelationId is null && e.CausationId is null && !hasTags) return null;
        var occurredAt = Microseconds.Truncate(e.OccurredAt);
        if (!hasTags && previous is { Tags: null } && previous.OccurredAt == occurredAt
            && previous.CorrelationId == e.CorrelationId && previous.CausationId == e.CausationId) return previous;
        return new(occurredAt, e.CorrelationId, e.CausationId, hasTags ? [.. e.Tags!] : null);
    }
}

/// <summary>Times as logs keep them.</summary>
internal static class Microseconds
{
    internal static long Truncate(long ticks) => ticks - ticks % TimeSpan.TicksPerMicrosecond;

    internal static DateTimeOffset? Truncate(DateTimeOffset? time) => time is { } t ? new(Truncate(t.UtcTicks), TimeSpan.Zero) : null;
}
