using System.Text.Json;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Finalizes events appended in SQL: adds their tags and checksums, and the checksums of their names, which SQL cannot compute. Inside the writer's transaction.</summary>
internal sealed unsafe class Sealer(Database database, NameTable tags, TagRuleSet wanted)
{
    private readonly List<Tag> _found = [];
    private byte[] _tagIds = new byte[64];
    private MarkSource _marks = MarkSource.Create();
    private Statement? _sealEvent, _tag;

    /// <summary>Finalizes all events that are not finalized yet.</summary>
    internal void SealAll()
    {
        var rules = wanted.Store(database);
        _sealEvent ??= database.Prepare(Sql.SealEvent);
        _tag ??= database.Prepare(Sql.InsertEventTag);
        using (var rows = database.PrepareOnce(Sql.Unsealed))
            while (rows.Step()) Seal(rows, rules);
        database.Execute(Sql.AllSealed);
    }

    private void Seal(Statement row, Dictionary<string, List<TagRule>> rules)
    {
        var position = row.Int64(0);
        if (row.IsNull(12) || row.IsNull(14)) throw new StoreCorruptException("an event names a row that is not there", $"position {position}");
        if (row.IsNull(11)) SealName(Sql.SealStream, row.Int64(1), row.Bytes(12));
        if (row.IsNull(13)) SealName(Sql.SealType, row.Int64(3), row.Bytes(14));
        var tagsLength = rules.TryGetValue(row.Text(14), out var ofType) ? Tag(position, row.Int64(3), row.Text(14), ofType, row.Bytes(10)) : 0;
        var header = new Checksum.EventHeader
        {
            Position = position,
            Stream = row.Int64(1),
            Version = row.Int64(2),
            Type = row.Int64(3),
            Time = row.Int64(4),
            CorrelationLength = row.Bytes(7).Length,
            CausationLength = row.Bytes(8).Length,
            TagsLength = tagsLength,
            MetadataLength = row.Bytes(9).Length,
            DataLength = row.Bytes(10).Length,
            Flags = (row.IsNull(5) ? 0 : Checksum.HasOccurred) | Flag(row, 7, Checksum.HasCorrelation) | Flag(row, 8, Checksum.HasCausation)
                | (tagsLength > 0 ? Checksum.HasTags : 0) | Flag(row, 9, Checksum.HasMetadata) | (row.IsText(10) ? Checksum.IsText : 0),
        };
        if (!row.IsNull(5)) header.Occurred = row.Int64(5);
        // An event of schema 1 that was not finalized has not been read yet: it gets a mark as well.
        header.Mark = row.Int64(15) is not 0 and var mark ? mark : (int)_marks.Next();
        (header.ContentType, header.Schema) = (row.Int64(16), row.Int64(17));
        header.Flags |= Checksum.IsExtended;
        var id = row.Bytes(6);
        if (id.Length != 16) throw new StoreCorruptException("the event's id does not take 16 bytes", $"position {position}");
        id.CopyTo(new Span<byte>(&header.Id, 16));
        var checksum = Checksum.OfEvent(header, row.Bytes(7), row.Bytes(8), _tagIds.AsSpan(0, tagsLength), row.Bytes(9), row.Bytes(10));
        _sealEvent!.Bind(1, position).Bind(3, checksum).Bind(4, header.Mark);
        if (tagsLength > 0) _sealEvent.Bind(2, _tagIds.AsSpan(0, tagsLength));
        else _sealEvent.BindNull(2);
        _sealEvent.Run();
    }

    // An empty value means the same as NULL to readers.
    private static int Flag(Statement row, int column, int flag) => row.Bytes(column).IsEmpty ? 0 : flag;

    private void SealName(string sql, long id, ReadOnlySpan<byte> name)
    {
        var checksum = Checksum.OfName(id, name);
        using var statement = database.PrepareOnce(sql);
        statement.Bind(1, id).Bind(2, checksum).Run();
    }

    private int Tag(long position, long typeId, string type, List<TagRule> rules, ReadOnlySpan<byte> json)
    {
        Find(type, rules, json);
        if (_tagIds.Length < _found.Count * Varint.MaxLength) _tagIds = new byte[_found.Count * Varint.MaxLength];
        var length = 0;
        foreach (var tag in _found)
        {
            var id = tags.Intern(tag.ToString());
            _tag!.Bind(1, id).Bind(2, position).Bind(3, typeId).Run();
            length += Varint.Write(_tagIds.AsSpan(length), id);
        }

        return length;
    }

    // A stored event cannot be refused. A rule that does not fit adds no tag; the other rules add theirs.
    private void Find(string type, List<TagRule> rules, ReadOnlySpan<byte> json)
    {
        _found.Clear();
        if (TryFind(type, rules, json)) return;
        foreach (var rule in rules) TryFind(type, [rule], json);
    }

    private bool TryFind(string type, List<TagRule> rules, ReadOnlySpan<byte> json)
    {
        var before = _found.Count;
        try
        {
            TagReader.Read(type, rules, json, _found);
            return true;
        }
        catch (Exception e) when (e is InvalidEventException or JsonException or InvalidOperationException)
        {
            _found.RemoveRange(before, _found.Count - before);
            return false;
        }
    }
}
