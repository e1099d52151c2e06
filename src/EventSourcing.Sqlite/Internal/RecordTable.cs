using System.Diagnostics.CodeAnalysis;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Records as one connection sees them. Used by one thread at a time.</summary>
internal sealed class RecordTable(Database database)
{
    private readonly Statement _get = database.Prepare(Sql.GetRecord);
    private readonly Statement _range = database.Prepare(Sql.RangeOfRecords);
    private Statement? _put;
    private Statement? _remove;

    internal bool TryGet(RecordKind kind, string key, [NotNullWhen(true)] out Record? record)
    {
        record = _get.Bind(1, (long)kind).Bind(2, key).Step() ? Current(_get, kind) : null;
        if (record is null) return false;
        _get.Reset();
        return true;
    }

    internal List<Record> Range(RecordKind kind, string from, string? through, int max)
    {
        var records = new List<Record>();
        _range.Bind(1, (long)kind).Bind(2, from);
        try
        {
            while (records.Count < max && _range.Step())
            {
                var record = Current(_range, kind);
                if (through is not null && CompareUtf8(record.Key, through) > 0) break;
                records.Add(record);
            }
        }
        finally
        {
            _range.Reset();
        }

        return records;
    }

    /// <summary>The same, ended by the record that brings the values to a number of bytes, and before one that is damaged unless that is the first.</summary>
    internal List<Record> Page(RecordKind kind, string from, string? through, int max, long maxBytes)
    {
        var (records, bytes) = (new List<Record>(), 0L);
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
        var revision = TryGet(kind, key, out var stored) ? stored.Revision : 0;
        if (ifRevision is { } demanded && demanded != revision) return false;
        revision++;
        _put ??= database.Prepare(Sql.PutRecord);
        _put.Bind(1, (long)kind).Bind(2, key).Bind(3, revision).Bind(4, Checksum.OfRecord((long)kind, key, revision, value)).Bind(5, value).Run();
        return true;
    }

    internal bool TryRemove(RecordKind kind, string key, long? ifRevision)
    {
        if (ifRevision is { } demanded && !(TryGet(kind, key, out var stored) && demanded == stored.Revision)) return false;
        // A record that is damaged cannot be read, but it can be removed.
        _remove ??= database.Prepare(Sql.RemoveRecord);
        _remove.Bind(1, (long)kind).Bind(2, key).Run();
        return database.Changes > 0;
    }

    // SQLite orders text by its UTF-8 bytes, which is the order of code points, not of UTF-16 units.
    private static int CompareUtf8(string left, string right)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(left);
        return bytes.SequenceCompareTo(Encoding.UTF8.GetBytes(right));
    }

    private static bool IsSound(Statement row, RecordKind kind) =>
        row.Int64(2) == Checksum.OfRecord((long)kind, row.Text(0), row.Int64(1), row.Bytes(3));

    private static Record Current(Statement row, RecordKind kind)
    {
        var key = row.Text(0);
        if (IsSound(row, kind)) return new(key, row.Bytes(3).ToArray(), row.Int64(1));
        row.Reset();
        throw new StoreCorruptException("the record is not what was stored", $"es_records, {kind} '{key}'") { RecordKey = key };
    }
}
