using System.Collections.Immutable;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Internal;

/// <summary>Everything that a <see cref="ReferenceLog"/> holds at one time.</summary>
/// <param name="Events">All events; the one at position n has index n - 1.</param>
/// <param name="Records">All records, by kind and key.</param>
internal sealed record ReferenceState(ImmutableList<RecordedEvent> Events, ImmutableSortedDictionary<(RecordKind Kind, string Key), StoredRecord> Records)
{
    internal static ReferenceState Empty { get; } = new([], ImmutableSortedDictionary.Create<(RecordKind Kind, string Key), StoredRecord>(Comparer<(RecordKind Kind, string Key)>.Create(Compare)));

    internal GlobalPosition Head => GlobalPosition.FromInt64(Events.Count);

    internal ResumeToken TokenAt(long position) => position == 0 ? ResumeToken.Start : Events[(int)position - 1].Token;

    internal IEnumerable<RecordedEvent> EventsOf(StreamId stream) => Events.Where(e => e.StreamId == stream);

    internal long VersionOf(StreamId stream) => EventsOf(stream).LongCount();

    internal StoredRecord? FindRecord(RecordKind kind, string key) => Records.GetValueOrDefault((kind, key));

    /// <summary>The records of a range of keys, both ends inclusive, in order.</summary>
    internal IEnumerable<StoredRecord> RecordsOf(RecordKind kind, string from, string? through) =>
        Records.Where(r => r.Key.Kind == kind && RecordKey.Order.Compare(r.Key.Key, from) >= 0 && (through is null || RecordKey.Order.Compare(r.Key.Key, through) <= 0)).Select(r => r.Value);

    /// <summary>Streams in order of their names, after a name.</summary>
    internal IReadOnlyList<StreamInfo> StreamsOf(string? category, StreamId after, int max) =>
    [
        .. Events.GroupBy(e => e.StreamId)
            .Where(stream => (category is null || stream.Key.IsInCategory(category)) && (after.IsDefault || RecordKey.Order.Compare(stream.Key.Value, after.Value) > 0))
            .OrderBy(stream => stream.Key.Value, RecordKey.Order)
            .Take(max)
            .Select(stream => new StreamInfo(stream.Key, stream.LongCount(), stream.Last().Position, stream.Last().Timestamp)),
    ];

    internal LogStatistics Count() => new()
    {
        Head = Head,
        EventCount = Events.Count,
        ErasedEventCount = 0,
        StreamCount = Events.Select(e => e.StreamId).Distinct().LongCount(),
        EventsByType = Events.CountBy(e => e.Type).ToDictionary(type => type.Key, type => (long)type.Value),
        Generation = 1,
    };

    private static int Compare((RecordKind Kind, string Key) one, (RecordKind Kind, string Key) other) =>
        one.Kind != other.Kind ? one.Kind.CompareTo(other.Kind) : RecordKey.Order.Compare(one.Key, other.Key);
}
