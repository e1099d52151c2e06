using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Finds out whether an append's events are stored already: exact over the whole log, by the ids that callers gave.</summary>
internal sealed class DuplicateCheck(Database database, PositionalIds ids, StreamHeads heads, NameTable types)
{
    private readonly Statement _findId = database.Prepare(Sql.FindId);
    private readonly Statement _idAt = database.Prepare(Sql.IdAt);
    private readonly Statement _content = database.Prepare(Sql.Content);

    /// <summary>The first result, when all of the append's events are stored in their order and with their content; null when none is.</summary>
    /// <exception cref="DuplicateEventException">Anything in between.</exception>
    internal AppendResult? Find(LogAppend append, long head)
    {
        var stored = default(List<(Guid Id, GlobalPosition Position)>);
        var hasNew = false;
        foreach (ref readonly var write in append.Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
            {
                var position = e.Id is { } id ? PositionOf(id, head) : 0;
                if (position == 0)
                {
                    hasNew = true;
                    continue;
                }

                RefuseOtherContent(write.StreamId, e, position);
                (stored ??= []).Add((e.Id!.Value, GlobalPosition.FromInt64(position)));
            }

        if (stored is null) return null;
        if (hasNew)
            throw new DuplicateEventException(stored[0].Id, stored[0].Position, $"it is stored at position {stored[0].Position}, but other events of the same append are not stored.");
        for (var i = 1; i < stored.Count; i++)
            if (stored[i].Position <= stored[i - 1].Position)
                throw new DuplicateEventException(stored[i].Id, stored[i].Position, $"it is stored at position {stored[i].Position}, not after its predecessor in this append.");
        return new AppendResult(Ranges(append, stored), [.. stored.Select(s => s.Position)]);
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

    private long PositionOf(Guid id, long head)
    {
        if (ids.TryGetPosition(id, out var position) && position > 0 && position <= head && IdAt(position) == id) return position;
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return _findId.Bind(1, bytes).Scalar(0);
    }

    private void RefuseOtherContent(StreamId stream, in LogEvent e, long position)
    {
        if (!_content.Bind(1, position).Step()) throw new StoreCorruptException("an event id leads to no event", $"position {position}");
        var differs = heads.Of(stream).Id != _content.Int64(0) ? "in another stream"
            : types.Find(e.Type) != _content.Int64(2) ? "with another type"
            : !_content.Bytes(3).SequenceEqual(e.Data.Span) ? "with other data"
            : null;
        _content.Reset();
        if (differs is not null)
            throw new DuplicateEventException(e.Id!.Value, GlobalPosition.FromInt64(position), $"it is stored at position {position} {differs}.");
    }

    private List<StreamRange> Ranges(LogAppend append, List<(Guid Id, GlobalPosition Position)> stored)
    {
        var ranges = new List<StreamRange>(append.Writes.Length);
        var next = 0;
        foreach (ref readonly var write in append.Writes.Span)
        {
            var count = write.Events.Length;
            var version = heads.Of(write.StreamId).Version;
            ranges.Add(count == 0
                ? new(write.StreamId, version + 1, version, 0)
                : new(write.StreamId, VersionAt(stored[next].Position), VersionAt(stored[next + count - 1].Position), count));
            next += count;
        }

        return ranges;
    }

    private long VersionAt(GlobalPosition position)
    {
        _content.Bind(1, position.ToInt64()).Step();
        var version = _content.Int64(1);
        _content.Reset();
        return version;
    }
}
