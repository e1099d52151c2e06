using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>Which keys of a segment have events set aside, and the records that wait for the next checkpoint's transaction. Changed by the segment's runner only; counts and what waits may be read from anywhere.</summary>
internal sealed class ParkedKeys(SegmentKey key, ParkedReader reader)
{
    /// <summary>For how long the checkpoint is put off at most while records wait for it, so that the list is not kept waiting.</summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    // Nor for more than this, so that memory and what comes again after a crash are bounded.
    private const int MostWaiting = 256;
    private const int MostWaitingBytes = 1 << 20;

    private readonly Lock _lock = new();
    private readonly List<Record> _waiting = [];
    private HashSet<string> _keys = new(StringComparer.Ordinal);
    private HashSet<string> _damaged = new(StringComparer.Ordinal);
    private long _written, _waitingBytes;
    private Oldest? _oldest, _oldestWaiting;

    internal long Count
    {
        get
        {
            lock (_lock) return _written + _waiting.Count;
        }
    }

    /// <summary>What is known of the event that was set aside first; null when there is none.</summary>
    internal Oldest? First
    {
        get
        {
            lock (_lock) return _oldest ?? _oldestWaiting;
        }
    }

    internal ParkedReader Reader => reader;

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
            _oldestWaiting ??= Oldest.Of(parked);
            _waiting.Add(record);
            _waitingBytes += record.Value.Length;
        }
    }

    /// <summary>Stores the records that wait; how many there were not before. One that comes again after a reset stays what it was.</summary>
    internal int Write(ILogTransaction transaction)
    {
        var added = 0;
        foreach (var record in _waiting)
        {
            // A damaged one would refuse to be compared, and what comes again says more than it does.
            var replaces = _damaged.Contains(record.Key) && transaction.TryRemove(RecordKind.Parked, record.Key, null);
            if (transaction.TryPut(RecordKind.Parked, record.Key, record.Value.Span, record.Revision) && !replaces) added++;
        }

        return added;
    }

    /// <summary>What waited is in the log.</summary>
    internal void Written(int added)
    {
        if (!IsWaiting) return;
        lock (_lock)
        {
            (_written, _oldest) = (_written + added, _oldest ?? _oldestWaiting);
            ClearWaiting();
        }
    }

    /// <summary>What waits will not be written by this runner: the events come again.</summary>
    internal void ForgetWaiting()
    {
        lock (_lock) ClearWaiting();
    }

    /// <summary>What the log holds; what waits is forgotten.</summary>
    internal async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        var (keys, damaged) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var (count, oldest) = (0L, (Oldest?)null);
        await foreach (var found in reader.ReadAsync(key.ParkedPrefix, cancellationToken).ConfigureAwait(false))
        {
            keys.Add(found.Event.Key);
            if (found.Revision is null) damaged.Add(found.RecordKey);
            count++;
            if (oldest is null || oldest.IsAfter(found.Event)) oldest = Oldest.Of(found.Event);
        }

        (_keys, _damaged) = (keys, damaged);
        lock (_lock)
        {
            (_written, _oldest) = (count, oldest);
            ClearWaiting();
        }
    }

    private void ClearWaiting()
    {
        _waiting.Clear();
        (_waitingBytes, _oldestWaiting) = (0, null);
    }

    /// <summary>When an event was set aside, and why; without the event.</summary>
    internal sealed record Oldest(DateTimeOffset At, GlobalPosition Position, string Reason)
    {
        internal static Oldest Of(ParkedEvent parked) => new(parked.ParkedAt, parked.Event.Position, parked.Reason);

        /// <summary>Of those that were set aside at the same time, the first one's failure holds back the others.</summary>
        internal bool IsAfter(ParkedEvent other) => At != other.ParkedAt ? At > other.ParkedAt : Position > other.Event.Position;
    }
}
