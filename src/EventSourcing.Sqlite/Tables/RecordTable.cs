using System.Diagnostics.CodeAnalysis;
using System.Text;
using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tables;

/// <summary>Records as one connection sees them. Used by one thread at a time.</summary>
internal sealed class RecordTable(Database database)
{
    private readonly Statement _get = database.Prepare(Sql.GetRecord);
    private readonly Statement _range = database.Prepare(Sql.RangeOfRecords);
    private Statement? _put;
    private Statement? _remove;

    internal bool TryGet(RecordKind kind, string key, [NotNullWhen(true)] out StoredRecord? record)
    {
        record = Find(kind, key) ? new(key, _get.Bytes(3).ToArray(), _get.Int64(1)) : null;
        if (record is null) return false;
        _get.Reset();
        return true;
    }

    /// <summary>True when what is stored meets a requirement. Nothing is copied.</summary>
    internal bool Meets(in RecordRequirement requirement)
    {
        if (!Find(requirement.Kind, requirement.Key)) return requirement.IsMetBy(0, default);
        var isMet = requirement.IsMetBy(_get.Int64(1), _get.Bytes(3));
        _get.Reset();
        return isMet;
    }

    /// <summary>Makes a change; false where the record has another revision than it expects, and where a removal finds no record.</summary>
    internal bool TryChange(in RecordChange change) => change.IsRemoval
        ? TryRemove(change.Kind, change.Key, change.IfRevision)
        : TryPut(change.Kind, change.Key, change.Value.Span, change.IfRevision);

    /// <summary>Records in order of their keys, ended by the one that brings the values to a number of bytes, and before one that is damaged unless that is the first.</summary>
    internal List<StoredRecord> Page(RecordKind kind, string from, string? through, int max, long maxBytes)
    {
        var (records, bytes) = (new List<StoredRecord>(), 0L);
        _range.Bind(1, (long)kind).Bind(2, from);
        try
        {
            while (records.Count < max && bytes < maxBytes && _range.Step())
            {
                if (through is not null && CompareUtf8(_range.Text(0), through) > 0) break;
                if (!IsSound(_range, kind) && records.Count > 0) break;
                records.Add(Current(_range, kind));
                bytes += records[^1].Value.Length;
            }
        }
        finally
        {
            _range.Reset();
        }

        return records;
    }

    internal bool TryPut(RecordKind kind, string key, ReadOnlySpan<byte> value, long? ifRevision)
    {
        var revision = RevisionOf(kind, key);
        if (ifRevision is { } demanded && demanded != revision) return false;
        revision++;
        _put ??= database.Prepare(Sql.PutRecord);
        _put.Bind(1, (long)kind).Bind(2, key).Bind(3, revision).Bind(4, Checksum.OfRecord((long)kind, key, revision, value)).Bind(5, value).Run();
        return true;
    }

    internal bool TryRemove(RecordKind kind, string key, long? ifRevision)
    {
        if (ifRevision is { } demanded && demanded != RevisionOf(kind, key)) return false;
        // A record that is damaged cannot be read, but it can be removed.
        _remove ??= database.Prepare(Sql.RemoveRecord);
        _remove.Bind(1, (long)kind).Bind(2, key).Run();
        return database.Changes > 0;
    }

    private long RevisionOf(RecordKind kind, string key)
    {
        if (!Find(kind, key)) return 0;
        var revision = _get.Int64(1);
        _get.Reset();
        return revision;
    }

    // The statement stands on the record's row then. A damaged record has neither a value nor a revision.
    private bool Find(RecordKind kind, string key)
    {
        if (!_get.Bind(1, (long)kind).Bind(2, key).Step()) return false;
        if (!IsSound(_get, kind)) throw Damaged(_get, kind);
        return true;
    }

    // SQLite orders text by its UTF-8 bytes, which is the order of code points, not of UTF-16 units.
    private static int CompareUtf8(string left, string right)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(left);
        return bytes.SequenceCompareTo(Encoding.UTF8.GetBytes(right));
    }

    private static bool IsSound(Statement row, RecordKind kind) =>
        row.Int64(2) == Checksum.OfRecord((long)kind, row.Text(0), row.Int64(1), row.Bytes(3));

    private static StoredRecord Current(Statement row, RecordKind kind)
    {
        var key = row.Text(0);
        if (IsSound(row, kind)) return new(key, row.Bytes(3).ToArray(), row.Int64(1));
        throw Damaged(row, kind);
    }

    private static StoreCorruptException Damaged(Statement row, RecordKind kind)
    {
        var key = row.Text(0);
        row.Reset();
        return new("the record is not what was stored", $"es_records, {kind} '{key}'") { RecordKey = key };
    }
}
