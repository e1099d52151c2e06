using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>All records, with a journal to roll back a transaction's changes. Used only under the writer's lock.</summary>
internal sealed class RecordTable
{
    private readonly Dictionary<RecordKind, SortedSet<string>> _keys = [];
    private readonly Dictionary<(RecordKind Kind, string Key), StoredRecord> _records = [];
    private readonly List<(RecordKind Kind, string Key, StoredRecord? Before)> _journal = [];

    internal StoredRecord? Find(RecordKind kind, string key) => _records.GetValueOrDefault((kind, key));

    internal bool TryPut(RecordKind kind, string key, ReadOnlySpan<byte> value, long? ifRevision)
    {
        if (ifRevision is { } expected && expected != (Find(kind, key)?.Revision ?? 0)) return false;
        Put(kind, key, value.ToArray());
        return true;
    }

    /// <summary>Stores a record with any revision; the value is not copied.</summary>
    internal void Put(RecordKind kind, string key, byte[] value)
    {
        var before = Find(kind, key);
        _journal.Add((kind, key, before));
        Set(kind, key, new StoredRecord(key, value, (before?.Revision ?? 0) + 1));
    }

    internal bool TryRemove(RecordKind kind, string key, long? ifRevision)
    {
        if (Find(kind, key) is not { } before || (ifRevision is { } expected && expected != before.Revision)) return false;
        _journal.Add((kind, key, before));
        Set(kind, key, null);
        return true;
    }

    private IEnumerable<StoredRecord> Between(RecordKind kind, string from, string? through)
    {
        if (!_keys.TryGetValue(kind, out var keys) || keys.Max is not { } last) return [];
        if (through is not null && Utf8Order.Instance.Compare(through, last) < 0) last = through;
        if (Utf8Order.Instance.Compare(from, last) > 0) return [];
        return keys.GetViewBetween(from, last).Select(key => _records[(kind, key)]);
    }

    /// <summary>Records in order of their keys. The list ends with the record whose value brings the size to a number of bytes.</summary>
    internal List<StoredRecord> Page(RecordKind kind, string from, string? through, int max, long maxBytes)
    {
        var (page, bytes) = (new List<StoredRecord>(), 0L);
        foreach (var record in Between(kind, from, through))
        {
            page.Add(record);
            bytes += record.Value.Length;
            if (page.Count == max || bytes >= maxBytes) break;
        }

        return page;
    }

    internal void Commit() => _journal.Clear();

    /// <summary>The number of changes in the open transaction.</summary>
    internal int ChangeCount => _journal.Count;

    /// <summary>Rolls back the changes after the first ones.</summary>
    /// <param name="kept">How many are kept.</param>
    internal void Rollback(int kept = 0)
    {
        for (var i = _journal.Count - 1; i >= kept; i--) Set(_journal[i].Kind, _journal[i].Key, _journal[i].Before);
        _journal.RemoveRange(kept, _journal.Count - kept);
    }

    private void Set(RecordKind kind, string key, StoredRecord? record)
    {
        if (!_keys.TryGetValue(kind, out var keys)) _keys.Add(kind, keys = new SortedSet<string>(Utf8Order.Instance));
        if (record is null)
        {
            keys.Remove(key);
            _records.Remove((kind, key));
            return;
        }

        keys.Add(key);
        _records[(kind, key)] = record;
    }
}
