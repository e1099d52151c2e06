using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>Which keys of a segment have events set aside. Changed by the segment's runner only; counts may be read from anywhere.</summary>
internal sealed class ParkedKeys
{
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private long _count;
    private long _since;

    internal long Count => Volatile.Read(ref _count);

    internal DateTimeOffset? Since => Volatile.Read(ref _since) is var ticks and > 0 ? new(ticks, TimeSpan.Zero) : null;

    internal IReadOnlyCollection<string> Keys => _counts.Keys;

    internal bool Contains(string key) => _counts.ContainsKey(key);

    internal void Add(ParkedEvent parked)
    {
        _counts[parked.Key] = _counts.GetValueOrDefault(parked.Key) + 1;
        Volatile.Write(ref _count, _count + 1);
        var ticks = parked.ParkedAt.UtcTicks;
        if (_since == 0 || ticks < _since) Volatile.Write(ref _since, ticks);
    }

    internal async ValueTask LoadAsync(IEventLog log, SegmentKey key, CancellationToken cancellationToken)
    {
        _counts.Clear();
        Volatile.Write(ref _count, 0);
        Volatile.Write(ref _since, 0);
        await foreach (var (_, parked) in ReadAsync(log, key.ParkedPrefix, cancellationToken).ConfigureAwait(false)) Add(parked);
    }

    /// <summary>The events set aside whose records' keys begin with a prefix, in order of the keys, with their records.</summary>
    internal static async IAsyncEnumerable<(Record Record, ParkedEvent Parked)> ReadAsync(
        IEventLog log, string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int page = 256;
        var from = prefix;
        while (true)
        {
            var records = await log.ReadRecordsAsync(RecordKind.Parked, from, SegmentKey.LastOf(prefix), page, cancellationToken).ConfigureAwait(false);
            foreach (var record in records) yield return (record, ParkedEvent.Parse(record));
            if (records.Count < page) yield break;
            // No key lies between a key and the same key followed by a space: both are made of hexadecimal digits and slashes.
            from = records[^1].Key + " ";
        }
    }
}
