using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Tables;

/// <summary>The versions of streams as the writer knows them, cached until another connection writes.</summary>
internal sealed class StreamHeads(Database database, NameTable streams)
{
    private const int CachedAtMost = 1 << 16;

    private readonly Dictionary<string, StreamHead> _heads = new(StringComparer.Ordinal);
    private readonly Statement _version = database.Prepare(Sql.StreamVersion);

    /// <summary>A stream's id, 0 while it is not interned, and the version of its last event.</summary>
    internal sealed class StreamHead
    {
        internal long Id { get; set; }

        internal long Version { get; set; }
    }

    internal StreamHead Of(StreamId stream)
    {
        if (_heads.TryGetValue(stream.Value, out var head)) return head;
        if (_heads.Count >= CachedAtMost) _heads.Clear();
        var id = streams.Find(stream.Value, out var floor);
        var version = id == 0 ? 0 : Math.Max(floor, _version.Bind(1, id).Scalar(0));
        Numbering.ThrowIfNoVersion(version, stream);
        return _heads[stream.Value] = new() { Id = id, Version = version };
    }

    /// <summary>The same for a stream that is about to be written to: it is interned.</summary>
    internal StreamHead ToWrite(StreamId stream)
    {
        var head = Of(stream);
        if (head.Id == 0) head.Id = streams.Insert(stream.Value);
        return head;
    }

    internal void Clear() => _heads.Clear();
}
