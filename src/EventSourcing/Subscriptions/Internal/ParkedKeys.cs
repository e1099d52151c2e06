using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>Which keys of a segment have events set aside, and the records that wait for the next checkpoint's transaction. Changed by the segment's runner only; counts and what waits may be read from anywhere.</summary>
internal sealed class ParkedKeys(SegmentKey key)
{
    /// <summary>For how long the checkpoint is put off at most while records wait for it, so that the list is not kept waiting.</summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    // Nor for more than this, so that memory and what comes again after a crash are bounded.
    private const int MostWaiting = 256;
    private const int MostWaitingBytes = 1 << 20;

    private readonly Lock _lock = new();
    private readonly List<Record> _waiting = [];
    private HashSet<string> _keys = new(StringComparer.Ordinal);
    private long _written, _waitingBytes;
    private DateTimeOffset? _since, _waitingSince;

    internal long Count
    {
        get
        {
            lock (_lock) return _written + _waiting.Count;
        }
    }

    internal DateTimeOffset? Since
    {
        get
        {
            lock (_lock) return _since ?? _waitingSince;
        }
    }

    /// <summary>A copy of the records that are not in the log yet, in order of position.</summary>
    internal Record[] Waiting
    {
        get
        {
            lock (_lock) return [.. _waiting];
        }
    }

    /// <summary>For the runner.</summary>
    internal IReadOnlyCollection<string> Keys => _keys;

    /// <summary>True when records are not in the log yet. For the runner.</summary>
    internal bool IsWaiting => _waiting.Count > 0;

    /// <summary>True when they are many. For the runner.</summary>
    internal bool AreMany => _waiting.Count >= MostWaiting || _waitingBytes >= MostWaitingBytes;

    internal bool Contains(string parkedKey) => _keys.Contains(parkedKey);

    /// <summary>Holds back the key at once; the record waits for <see cref="Write"/>.</summary>
    internal void Add(ParkedEvent parked)
    {
        var record = new Record(key.ParkedKey(parked.Key, parked.Event.Position), parked.ToBytes(), 0);
        _keys.Add(parked.Key);
        lock (_lock)
        {
            _waitingSince ??= parked.ParkedAt;
            _waiting.Add(record);
            _waitingBytes += record.Value.Length;
        }
    }

    /// <summary>Stores the records that wait; how many there were not before. One that comes again after a reset stays what it was.</summary>
    internal int Write(ILogTransaction transaction)
    {
        var added = 0;
        foreach (var record in _waiting)
            if (transaction.TryPut(RecordKind.Parked, record.Key, record.Value.Span, record.Revision)) added++;
        return added;
    }

    /// <summary>What waited is in the log.</summary>
    internal void Written(int added)
    {
        if (!IsWaiting) return;
        lock (_lock)
        {
            (_written, _since) = (_written + added, _since ?? _waitingSince);
            ClearWaiting();
        }
    }

    /// <summary>What waits will not be written by this runner: the events come again.</summary>
    internal void ForgetWaiting()
    {
        lock (_lock) ClearWaiting();
    }

    /// <summary>What the log holds; what waits is forgotten.</summary>
    internal async ValueTask LoadAsync(IEventLog log, CancellationToken cancellationToken)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var (count, since) = (0L, (DateTimeOffset?)null);
        await foreach (var (_, parked) in ReadAsync(log, key.ParkedPrefix, cancellationToken).ConfigureAwait(false))
        {
            keys.Add(parked.Key);
            count++;
            if (since is null || parked.ParkedAt < since) since = parked.ParkedAt;
        }

        _keys = keys;
        lock (_lock)
        {
            (_written, _since) = (count, since);
            ClearWaiting();
        }
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

    private void ClearWaiting()
    {
        _waiting.Clear();
        (_waitingBytes, _waitingSince) = (0, null);
    }
}
