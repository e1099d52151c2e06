using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Erases events. Keeps what must never be reused: the position as a gap, the version below the stream's floor, and the id with a hash of the content.</summary>
internal sealed class Eraser(Database database)
{
    private readonly Statement _keepId = database.Prepare(Sql.KeepId);
    private readonly Statement _eraseEvent = database.Prepare(Sql.EraseEvent);
    private readonly Statement _eraseTag = database.Prepare(Sql.EraseEventTag);
    private readonly Statement _gapAround = database.Prepare(Sql.GapAround);
    private readonly Statement _insertGap = database.Prepare(Sql.InsertGap);
    private readonly Statement _removeGap = database.Prepare(Sql.RemoveGap);

    internal long Erase(long streamId, StreamId stream, long throughVersion, string reason, NameTable types)
    {
        var erased = 0L;
        var last = 0L;
        var rows = database.Prepare(Sql.ErasableEvents).Bind(1, streamId).Bind(2, throughVersion);
        while (rows.Step())
        {
            var position = rows.Int64(0);
            last = rows.Int64(1);
            _keepId.Bind(1, rows.Bytes(4)).Bind(2, position).Bind(3, last).Bind(4, ContentHash.Of(stream, types.Name(rows.Int64(2)), rows.Bytes(6)));
            if (rows.IsNull(7)) _keepId.BindNull(5);
            else _keepId.Bind(5, rows.Int64(7));
            _keepId.Run();
            for (var tags = rows.Bytes(5); Varint.TryRead(ref tags, out var tag);) _eraseTag.Bind(1, tag).Bind(2, position).Run();
            AddGap(position, rows.Int64(3), reason);
            _eraseEvent.Bind(1, position).Run();
            erased++;
        }

        if (erased == 0) return 0;
        database.Prepare(Sql.RaiseFloor).Bind(1, streamId).Bind(2, last).Run();
        database.Execute(Sql.NextGeneration);
        LogFacts.Seal(database);
        return erased;
    }

    private void AddGap(long position, long time, string reason)
    {
        var (first, last) = (position, position);
        List<long> joined = [];
        _gapAround.Bind(1, position);
        while (_gapAround.Step())
        {
            if (_gapAround.Int64(1) < position - 1) continue;
            joined.Add(_gapAround.Int64(0));
            (first, last) = (Math.Min(first, _gapAround.Int64(0)), Math.Max(last, _gapAround.Int64(1)));
            time = Math.Max(time, _gapAround.Int64(2));
        }

        foreach (var gap in joined) _removeGap.Bind(1, gap).Run();
        _insertGap.Bind(1, first).Bind(2, last).Bind(3, time).Bind(4, reason).Run();
    }
}
