using System.Runtime.CompilerServices;

namespace EventSourcing.Storage;

/// <summary>A record and its damage, if any; <c>default</c> for none.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Record">The record; null when it is damaged.</param>
/// <param name="Damage">What is wrong with it; null when it is not damaged.</param>
internal readonly record struct FoundRecord(string Key, StoredRecord? Record, StoreCorruptException? Damage)
{
    /// <summary>The content of the record; null where there is none. For a record that cannot be read, null and what is wrong.</summary>
    internal T? TryParse<T>(Func<StoredRecord, T> parse, out StoreCorruptException? error) where T : struct
    {
        error = Damage;
        if (Record is null) return null;
        try
        {
            return parse(Record);
        }
        catch (StoreCorruptException e)
        {
            error = e;
            return null;
        }
    }
}

/// <summary>Reads records in pages with a maximum size in bytes. Continues after damaged records.</summary>
internal static class RecordReader
{
    private const int MaxPage = 256;

    /// <summary>The records of a range of keys, both ends inclusive, in order of the keys' UTF-8.</summary>
    /// <param name="log">The log.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="from">The first key; empty for the beginning.</param>
    /// <param name="last">The last key; null for the end.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    internal static async IAsyncEnumerable<FoundRecord> ReadAsync(
        IEventLog log, RecordKind kind, string from, string? last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            IReadOnlyList<StoredRecord> records = [];
            StoreCorruptException? damage = null;
            try
            {
                records = await log.ReadRecordsAsync(kind, from, last, MaxPage, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreCorruptException e) when (e.RecordKey is { } key && Utf8Order.Instance.Compare(from, key) <= 0 && (last is null || Utf8Order.Instance.Compare(key, last) <= 0))
            {
                damage = e;
            }

            foreach (var record in records) yield return new(record.Key, record, null);
            if (damage is not null) yield return new(damage.RecordKey!, null, damage);
            else if (records.Count == 0) yield break;

            var end = damage?.RecordKey ?? records[^1].Key;
            if (end == last) yield break;
            // The next possible key: a key has no control characters, and a space sorts before all other characters.
            from = end + " ";
        }
    }
}
