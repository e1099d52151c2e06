using System.Runtime.CompilerServices;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>An event that is set aside, as the log holds it.</summary>
/// <param name="RecordKey">The key of its record.</param>
/// <param name="Revision">The record's revision; null when the record is damaged.</param>
/// <param name="Event">The event.</param>
internal readonly record struct FoundParked(string RecordKey, long? Revision, ParkedEvent Event);

/// <summary>Reads what is set aside, in pages that are bounded by bytes.</summary>
/// <remarks>The key of a record says which event it is about. So what a damaged record said of the event is read from the log again, and the event can be retried or discarded as any other.</remarks>
internal sealed class ParkedReader(IEventLog log, SubscriptionOptions options)
{
    private const int MostOfPage = 256;

    /// <summary>The events set aside whose records' keys begin with a prefix, in order of the keys.</summary>
    internal async IAsyncEnumerable<FoundParked> ReadAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var from = prefix; ;)
        {
            var (records, damage) = await ReadPageAsync(from, SegmentKey.LastOf(prefix), cancellationToken).ConfigureAwait(false);
            if (records.Count == 0) yield break;
            foreach (var record in records)
            {
                var error = damage;
                if (error is null && ParkedEvent.TryParse(record, out var parked, out error)) yield return new(record.Key, record.Revision, parked);
                else yield return new(record.Key, null, await RestoreAsync(record.Key, error!, cancellationToken).ConfigureAwait(false));
            }

            // No key lies between a key and the same key followed by a space: both are made of hexadecimal digits and slashes.
            from = records[^1].Key + " ";
        }
    }

    /// <summary>The next records; or one without a value, where it is damaged.</summary>
    private async ValueTask<(IReadOnlyList<Record> Records, StoreCorruptException? Damage)> ReadPageAsync(string from, string last, CancellationToken cancellationToken)
    {
        try
        {
            return (await log.ReadRecordsAsync(RecordKind.Parked, from, last, MostOfPage, cancellationToken).ConfigureAwait(false), null);
        }
        catch (StoreCorruptException e) when (e.RecordKey is { } key && Utf8Order.Instance.Compare(from, key) <= 0 && Utf8Order.Instance.Compare(key, last) <= 0)
        {
            return ([new(e.RecordKey, default, 0)], e);
        }
    }

    private async ValueTask<ParkedEvent> RestoreAsync(string recordKey, StoreCorruptException damage, CancellationToken cancellationToken)
    {
        if (!SegmentKey.TryParseParkedKey(recordKey, out var hash, out var position)) throw damage;
        using var page = await log.ReadAsync(new AllRead { AfterPosition = GlobalPosition.FromInt64(position - 1), ThroughPosition = GlobalPosition.FromInt64(position), MaxCount = 1 }, cancellationToken).ConfigureAwait(false);
        if (page.Events.IsEmpty) throw Beyond(recordKey, damage, $"the log has no event at position {position}");
        var e = page.Events[0];
        var eventKey = options.KeyOrStream(e, out _);
        if (SegmentKey.Hash(eventKey) != hash) eventKey = e.StreamId.Value;
        if (SegmentKey.Hash(eventKey) != hash) throw Beyond(recordKey, damage, $"the event at position {position} has another key now");
        return new()
        {
            Event = e,
            Key = eventKey,
            Attempts = 0,
            Reason = $"The record '{recordKey}' of this event is damaged ({damage.What}): why the event was set aside is lost.",
            ParkedAt = e.Timestamp,
        };
    }

    private static StoreCorruptException Beyond(string recordKey, StoreCorruptException damage, string why) =>
        new($"{damage.What}, and {why}", $"parked event '{recordKey}'", damage) { RecordKey = recordKey };
}
