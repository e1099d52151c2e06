using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing.Storage;

namespace EventSourcing.Tests.Stranger;

/// <summary>A line: what one transaction stored.</summary>
internal sealed record JsonLine(JsonEvent[]? Events, JsonRecord[]? Records)
{
    internal static JsonSerializerOptions Options { get; } = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    /// <summary>The events of the line, which begin after a position.</summary>
    internal IEnumerable<RecordedEvent> RecordedAfter(int position) => (Events ?? []).Select((e, i) => e.ToRecorded(position + i + 1));

    internal IEnumerable<KeyValuePair<(RecordKind Kind, string Key), StoredRecord?>> StoredRecords() => (Records ?? [])
        .Select(r => KeyValuePair.Create((r.Kind, r.Key), r.Value is null ? null : new StoredRecord(r.Key, r.Value, r.Revision)));
}

/// <summary>A record that was stored; without a value, one that was removed.</summary>
internal sealed record JsonRecord(RecordKind Kind, string Key, byte[]? Value, long Revision);

/// <summary>An event that was stored. Its position is its place in the file.</summary>
internal sealed record JsonEvent(string Stream, long Version, string Type, Guid Id, uint Mark, DateTimeOffset Timestamp, byte[] Data, byte[] Metadata, bool IsJson)
{
    public DateTimeOffset? OccurredAt { get; init; }

    public string? CorrelationId { get; init; }

    public string? CausationId { get; init; }

    public string[]? Tags { get; init; }

    public string? ContentType { get; init; }

    public int SchemaVersion { get; init; }

    internal static JsonEvent Of(in RecordedEvent e) => new(e.StreamId.Value, e.Version, e.Type, e.Id, e.Mark, e.Timestamp, e.Data.ToArray(), e.Metadata.ToArray(), e.IsJson)
    {
        OccurredAt = e.OccurredAt,
        CorrelationId = e.CorrelationId,
        CausationId = e.CausationId,
        Tags = e.Tags?.Select(t => t.ToString()).ToArray(),
        ContentType = e.ContentType,
        SchemaVersion = e.SchemaVersion,
    };

    internal RecordedEvent ToRecorded(int position) => new()
    {
        Position = GlobalPosition.FromInt64(position),
        StreamId = Stream,
        Version = Version,
        Type = Type,
        Id = Id,
        Mark = Mark,
        Timestamp = Timestamp,
        Data = Data,
        Metadata = Metadata,
        IsJson = IsJson,
        Details = new(OccurredAt, CorrelationId, CausationId, Tags?.Select(Tag.Parse).ToArray()) { ContentType = ContentType, SchemaVersion = SchemaVersion },
    };
}
