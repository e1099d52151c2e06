using System.Runtime.CompilerServices;
using EventSourcing.Leasing;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Parking;

/// <summary>A parked event as the log holds it.</summary>
/// <param name="RecordKey">The key of its record.</param>
/// <param name="Revision">The record's revision; null when the record is damaged.</param>
/// <param name="Event">The event.</param>
internal readonly record struct FoundParked(string RecordKey, long? Revision, ParkedEvent Event);

/// <summary>Reads parked events, in pages that are bounded by bytes.</summary>
/// <param name="log">The log.</param>
/// <param name="options">The subscription's options, which compute the key of an event; null where no subscription runs.</param>
/// <remarks>The key of a record holds the position of its event. The event of a damaged record is therefore read from the log again, and can be retried or discarded as any other.</remarks>
internal sealed class ParkedReader(IEventLog log, SubscriptionOptions? options)
{
    /// <summary>The parked events whose record keys begin with a prefix, in order of the keys.</summary>
    /// <exception cref="StoreCorruptException">A record is damaged and its event cannot be found.</exception>
    internal async IAsyncEnumerable<FoundParked> ReadAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var record in RecordReader.ReadAsync(log, RecordKind.Parked, prefix, PartitionId.LastOf(prefix), cancellationToken).ConfigureAwait(false))
            yield return await ReadAsync(record, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="ReadAsync(string, CancellationToken)"/>, merged with records that are not written yet. A record that cannot be read does not hide the others.</summary>
    /// <param name="prefix">The first part of the keys.</param>
    /// <param name="waiting">Records that may not be in the log yet, in order of their keys. A record that is in both is returned once.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="StoreCorruptException">Records are damaged and their events cannot be found. Thrown after all others were returned; names all of them.</exception>
    internal async IAsyncEnumerable<ParkedEvent> ListAsync(string prefix, IEnumerable<StoredRecord> waiting, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<StoreCorruptException> errors = [];
        var rest = new Queue<StoredRecord>(waiting);
        await foreach (var record in RecordReader.ReadAsync(log, RecordKind.Parked, prefix, PartitionId.LastOf(prefix), cancellationToken).ConfigureAwait(false))
        {
            while (rest.TryPeek(out var next) && Utf8Order.Instance.Compare(next.Key, record.Key) <= 0)
                if (rest.Dequeue().Key != record.Key) yield return Parse(next);
            ParkedEvent parked;
            try
            {
                parked = (await ReadAsync(record, cancellationToken).ConfigureAwait(false)).Event;
            }
            catch (StoreCorruptException e) when (e.RecordKey == record.Key)
            {
                errors.Add(e);
                continue;
            }

            yield return parked;
        }

        foreach (var next in rest) yield return Parse(next);
        if (errors.Count > 0) throw Joined(errors);

        static ParkedEvent Parse(StoredRecord record) => ParkedEvent.TryParse(record, out var parked, out var error) ? parked : throw error;
    }

    private async ValueTask<FoundParked> ReadAsync(FoundRecord found, CancellationToken cancellationToken)
    {
        var error = found.Damage;
        return found.Record is { } record && ParkedEvent.TryParse(record, out var parked, out error)
            ? new(record.Key, record.Revision, parked)
            : new(found.Key, null, await RestoreAsync(found.Key, error!, cancellationToken).ConfigureAwait(false));
    }

    private static StoreCorruptException Joined(List<StoreCorruptException> errors) => errors is [var one] ? one : new(
        $"{errors.Count} records of parked events are damaged, and their events cannot be found", string.Join(", ", errors.Select(e => $"'{e.RecordKey}'")), new AggregateException(errors));

    private async ValueTask<ParkedEvent> RestoreAsync(string recordKey, StoreCorruptException damage, CancellationToken cancellationToken)
    {
        if (!PartitionId.TryParseParkedKey(recordKey, out var hash, out var position)) throw damage;
        var e = await ReadAsync(position, recordKey, damage, cancellationToken).ConfigureAwait(false);
        var eventKey = options?.KeyOrStream(e, out _) ?? e.StreamId.Value;
        if (PartitionId.Hash(eventKey) != hash) eventKey = e.StreamId.Value;
        if (PartitionId.Hash(eventKey) != hash)
            throw Beyond(recordKey, damage, options is null ? $"the key of the event at position {position} is known only to the subscription" : $"the event at position {position} has another key now");
        return new()
        {
            Event = e,
            PartitionKey = eventKey,
            Attempts = 0,
            Reason = $"The record '{recordKey}' of this event is damaged ({damage.What}): the reason why it was parked is lost.",
            ParkedAt = e.Timestamp,
        };
    }

    private async ValueTask<RecordedEvent> ReadAsync(long position, string recordKey, StoreCorruptException damage, CancellationToken cancellationToken)
    {
        try
        {
            var read = new AllRead { AfterPosition = GlobalPosition.FromInt64(position - 1), ThroughPosition = GlobalPosition.FromInt64(position), MaxCount = 1 };
            using var page = await log.ReadAsync(read, cancellationToken).ConfigureAwait(false);
            return page.Events.IsEmpty ? throw Beyond(recordKey, damage, $"the log has no event at position {position}") : page.Events[0];
        }
        catch (PositionOutOfRangeException)
        {
            throw Beyond(recordKey, damage, $"the log ends before position {position}");
        }
        catch (StoreCorruptException e) when (e.RecordKey is null)
        {
            throw Beyond(recordKey, damage, $"its event is damaged too ({e.What})");
        }
    }

    private static StoreCorruptException Beyond(string recordKey, StoreCorruptException damage, string why) =>
        new($"{damage.What}, and {why}", $"parked event '{recordKey}'", damage) { RecordKey = recordKey };
}
