using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Parking;

/// <summary>The keys of a partition that have parked events, and the records that wait for the next checkpoint. Changed by the partition's runner only; the members that lock may be read by any thread.</summary>
internal sealed class ParkedKeys(PartitionId key, ParkedReader reader)
{
    /// <summary>The longest time that a record waits for the checkpoint, so that the stored list of parked events is current.</summary>
    internal static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(1);

    // Limits on memory, and on the events that are delivered again after a crash.
    private const int MaxWaiting = 256;
    private const int MaxWaitingBytes = 1 << 20;

    private readonly Lock _lock = new();
    private readonly List<Waiting> _waiting = [];
    // For each key the event that was parked first, if its record is written; null while all records of the key wait.
    private Dictionary<string, Oldest?> _keys = new(StringComparer.Ordinal);
    private HashSet<string> _damaged = new(StringComparer.Ordinal);
    private long _written, _waitingBytes;
    private Oldest? _oldest, _oldestWaiting;
    private bool _isOldestKnown = true;

    internal long Count
    {
        get
        {
            lock (_lock) return _written + _waiting.Count;
        }
    }

    /// <summary>The event that was parked first; null when no event is parked.</summary>
    internal Oldest? First
    {
        get
        {
            lock (_lock)
            {
                if (!_isOldestKnown) (_oldest, _isOldestKnown) = (FindOldest(), true);
                return _oldest ?? _oldestWaiting;
            }
        }
    }

    internal ParkedReader Reader => reader;

    /// <summary>A copy of the records that are not in the log yet, in order of position.</summary>
    internal StoredRecord[] WaitingRecords
    {
        get
        {
            lock (_lock) return [.. _waiting.Select(w => w.Record)];
        }
    }

    /// <summary>The keys with parked events. For the runner only.</summary>
    internal IReadOnlyCollection<string> Keys => _keys.Keys;

    /// <summary>True when records are not in the log yet. For the runner only.</summary>
    internal bool IsWaiting => _waiting.Count > 0;

    /// <summary>True when the records that wait reach their limit. For the runner only.</summary>
    internal bool AreMany => _waiting.Count >= MaxWaiting || _waitingBytes >= MaxWaitingBytes;

    internal bool Contains(string parkedKey) => _keys.ContainsKey(parkedKey);

    /// <summary>Parks an event: its key is held back at once, its record waits for the next checkpoint.</summary>
    internal void Add(ParkedEvent parked)
    {
        var record = new Waiting(parked.PartitionKey, Oldest.Of(parked), new(key.ParkedKey(parked.PartitionKey, parked.Event.Position), parked.ToBytes(), 0));
        lock (_lock)
        {
            _keys.TryAdd(parked.PartitionKey, null);
            _oldestWaiting ??= record.Parked;
            _waiting.Add(record);
            _waitingBytes += record.Record.Value.Length;
        }
    }

    /// <summary>The changes that write the waiting records, followed by the checkpoint's. A record that exists already, because its event was delivered again after a reset, is kept.</summary>
    internal RecordChange[] ChangesWith(RecordChange? checkpoint)
    {
        if (!IsWaiting) return checkpoint is { } alone ? [alone] : [];
        var changes = new List<RecordChange>(_waiting.Count + 1);
        foreach (var (_, _, record) in _waiting)
        {
            // A damaged record cannot be compared, and the new one holds more than it does.
            if (_damaged.Contains(record.Key)) changes.Add(RecordChange.Remove(RecordKind.Parked, record.Key));
            changes.Add(RecordChange.Put(RecordKind.Parked, record.Key, record.Value, 0).OrSkip());
        }

        if (checkpoint is { } last) changes.Add(last);
        return [.. changes];
    }

    /// <summary>After the waiting records were written.</summary>
    /// <param name="changes">What <see cref="ChangesWith"/> returned.</param>
    /// <param name="changed">Which of them were made.</param>
    internal void Written(RecordChange[] changes, IReadOnlyList<bool> changed)
    {
        if (!IsWaiting) return;
        lock (_lock)
        {
            for (var i = 0; i < changes.Length; i++)
                if (changed[i] && changes[i].Kind == RecordKind.Parked) _written += changes[i].IsRemoval ? -1 : 1;
            foreach (var (parkedKey, parked, record) in _waiting)
            {
                _keys[parkedKey] ??= parked;
                _damaged.Remove(record.Key);
            }

            _oldest ??= _oldestWaiting;
            ClearWaiting();
        }
    }

    /// <summary>After events of a key were removed from the log.</summary>
    /// <param name="parkedKey">The key.</param>
    /// <param name="count">How many.</param>
    /// <param name="left">The first that is left, as it is parked now; null when none is left and the key is not held back any more.</param>
    internal void Removed(string parkedKey, int count, ParkedEvent? left)
    {
        lock (_lock)
        {
            _written -= count;
            _isOldestKnown &= _oldest is not null && _keys.GetValueOrDefault(parkedKey) != _oldest;
            if (left is null) _keys.Remove(parkedKey);
            else _keys[parkedKey] = Oldest.Of(left);
        }
    }

    /// <summary>After a damaged record was replaced or removed.</summary>
    internal void Restored(string recordKey) => _damaged.Remove(recordKey);

    /// <summary>Forgets the waiting records: their events will be delivered again.</summary>
    internal void ForgetWaiting()
    {
        lock (_lock) ClearWaiting();
    }

    /// <summary>Reads the records of the log and forgets those that wait.</summary>
    internal async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        var (keys, damaged) = (new Dictionary<string, Oldest?>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var count = 0L;
        await foreach (var found in reader.ReadAsync(key.ParkedPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (!keys.TryGetValue(found.Event.PartitionKey, out var first) || first!.IsAfter(found.Event)) keys[found.Event.PartitionKey] = Oldest.Of(found.Event);
            if (found.Revision is null) damaged.Add(found.RecordKey);
            count++;
        }

        _damaged = damaged;
        lock (_lock)
        {
            (_keys, _written, _isOldestKnown) = (keys, count, false);
            ClearWaiting();
        }
    }

    private Oldest? FindOldest()
    {
        Oldest? oldest = null;
        foreach (var one in _keys.Values)
            if (one is not null && (oldest is null || oldest.IsAfter(one))) oldest = one;
        return oldest;
    }

    private void ClearWaiting()
    {
        _waiting.Clear();
        (_waitingBytes, _oldestWaiting) = (0, null);
    }

    /// <summary>When and why an event was parked; without the event's data.</summary>
    internal sealed record Oldest(DateTimeOffset At, GlobalPosition Position, string Reason)
    {
        internal static Oldest Of(ParkedEvent parked) => new(parked.ParkedAt, parked.Event.Position, parked.Reason);

        /// <summary>Among events parked at the same time, the first position is the one that failed; the others were held back.</summary>
        internal bool IsAfter(ParkedEvent other) => IsAfter(other.ParkedAt, other.Event.Position);

        internal bool IsAfter(Oldest other) => IsAfter(other.At, other.Position);

        private bool IsAfter(DateTimeOffset at, GlobalPosition position) => At != at ? At > at : Position > position;
    }

    /// <summary>A record that waits for the checkpoint.</summary>
    private readonly record struct Waiting(string Key, Oldest Parked, StoredRecord Record);
}
