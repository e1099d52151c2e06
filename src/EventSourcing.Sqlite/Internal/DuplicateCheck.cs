using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Finds out whether an append's events are stored already: exact over the whole log, by the ids that callers gave.</summary>
internal sealed class DuplicateCheck(Database database, PositionalIds ids, StreamHeads heads, NameTable types)
{
    /// <summary>Where an id is taken: by a stored event, or, with the hash of its content, by an erased one.</summary>
    private readonly record struct Found(Guid Id, long Position, long Version, byte[]? Content);

    private readonly Statement _findId = database.Prepare(Sql.FindId);
    private readonly Statement _idAt = database.Prepare(Sql.IdAt);
    private readonly Statement _content = database.Prepare(Sql.Content);

    /// <summary>The first result, when all of the append's events are stored in their order and with their content; null when none is.</summary>
    /// <exception cref="DuplicateEventException">Anything in between.</exception>
    internal AppendResult? Find(LogAppend append, long head)
    {
        var stored = default(List<Found>);
        var hasNew = false;
        foreach (ref readonly var write in append.Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
            {
                if (e.Id is { } id && Find(id, head) is { } found)
                {
                    if (Difference(write.StreamId, e, ref found) is { } differs)
                        throw new DuplicateEventException(id, GlobalPosition.FromInt64(found.Position), $"it is stored at position {found.Position} {differs}.");
                    (stored ??= []).Add(found);
                }
                else
                {
                    hasNew = true;
                }
            }

        if (stored is null) return null;
        if (hasNew) throw Refused(stored[0], "but other events of the same append are not stored");
        for (var i = 1; i < stored.Count; i++)
            if (stored[i].Position <= stored[i - 1].Position) throw Refused(stored[i], "not after its predecessor in this append");
        return new AppendResult([.. Ranges(append, stored)], [.. stored.Select(s => GlobalPosition.FromInt64(s.Position))]);
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

    private static DuplicateEventException Refused(Found stored, string reason) =>
        new(stored.Id, GlobalPosition.FromInt64(stored.Position), $"it is stored at position {stored.Position}, {reason}.");

    private Found? Find(Guid id, long head)
    {
        if (ids.TryGetPosition(id, out var position) && position > 0 && position <= head && IdAt(position) == id) return new(id, position, 0, null);
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        if (!_findId.Bind(1, bytes).Step()) return null;
        var found = new Found(id, _findId.Int64(0), _findId.Int64(1), _findId.IsNull(2) ? null : _findId.Bytes(2).ToArray());
        _findId.Reset();
        return found;
    }

    // Says how the stored event differs, or null; completes what was found by its version.
    private string? Difference(StreamId stream, in LogEvent e, ref Found found)
    {
        if (found.Content is { } content)
            return content.AsSpan().SequenceEqual(ContentHash.Of(stream.Value, e.Type, e.Data.Span)) ? null : "with other content, and was erased";
        if (!_content.Bind(1, found.Position).Step()) throw new StoreCorruptException("an event id leads to no event", $"position {found.Position}");
        found = found with { Version = _content.Int64(1) };
        var differs = heads.Of(stream).Id != _content.Int64(0) ? "in another stream"
            : types.Find(e.Type) != _content.Int64(2) ? "with another type"
            : !_content.Bytes(3).SequenceEqual(e.Data.Span) ? "with other data"
            : null;
        _content.Reset();
        return differs;
    }

    private List<StreamRange> Ranges(LogAppend append, List<Found> stored)
    {
        var ranges = new List<StreamRange>(append.Writes.Length);
        var next = 0;
        foreach (ref readonly var write in append.Writes.Span)
        {
            var count = write.Events.Length;
            var version = heads.Of(write.StreamId).Version;
            ranges.Add(count == 0
                ? new(write.StreamId, version + 1, version, 0)
                : new(write.StreamId, stored[next].Version, stored[next + count - 1].Version, count));
            next += count;
        }

        return ranges;
    }
}
