using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tables;

/// <summary>Finds events by their ids: exact over the whole log, erased events included.</summary>
internal sealed class EventIds(Database database, PositionalIds ids, StreamHeads heads, NameTable types)
{
    private readonly Statement _findId = database.Prepare(Sql.FindId);
    private readonly Statement _idAt = database.Prepare(Sql.IdAt);
    private readonly Statement _content = database.Prepare(Sql.Content);

    /// <summary>Finds the event with an id and compares it with an event of an append.</summary>
    internal bool TryFind(Guid id, long head, StreamId stream, in LogEvent e, out FoundEvent found)
    {
        if (ids.TryGetPosition(id, out var position) && position > 0 && position <= head && IdAt(position) == id)
        {
            found = Compare(position, stream, e);
            return true;
        }

        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        found = default;
        if (!_findId.Bind(1, bytes).Step()) return false;
        position = _findId.Int64(0);
        var isErased = !_findId.IsNull(2);
        if (isErased) found = FoundEvent.OfErased(GlobalPosition.FromInt64(position), _findId.Int64(1), _findId.Bytes(2), stream, e);
        _findId.Reset();
        if (!isErased) found = Compare(position, stream, e);
        return true;
    }

    /// <summary>The id of the event at a position; null when there is no event.</summary>
    internal Guid? IdAt(long position)
    {
        if (!_idAt.Bind(1, position).Step()) return null;
        var bytes = _idAt.Bytes(0);
        var id = bytes.Length == 16 ? new Guid(bytes, bigEndian: true) : Guid.Empty;
        _idAt.Reset();
        return id;
    }

    private FoundEvent Compare(long position, StreamId stream, in LogEvent e)
    {
        if (!_content.Bind(1, position).Step()) throw new StoreCorruptException("an event id leads to no event", $"position {position}");
        var difference = heads.Of(stream).Id != _content.Int64(0) ? ContentDifference.Stream
            : types.Find(e.Type) != _content.Int64(2) ? ContentDifference.Type
            : !_content.Bytes(3).SequenceEqual(e.Data.Span) ? ContentDifference.Data
            : ContentDifference.None;
        var found = new FoundEvent(GlobalPosition.FromInt64(position), _content.Int64(1), difference);
        _content.Reset();
        return found;
    }
}
