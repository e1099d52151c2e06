using System.Runtime.CompilerServices;
using System.Text;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Reading;

/// <summary>Copies a row of es_events into a page, after its checksum has shown that it is what was written.</summary>
internal sealed class RowReader(NameTable streams, NameTable types, NameTable tags, NameTable contentTypes)
{
    private const int CachedStreamsAtMost = 1 << 16;

    private readonly Dictionary<long, StreamId> _streamIds = [];
    private long _lastStream;
    private StreamId _lastStreamId;

    /// <summary>Forgets the names of streams.</summary>
    internal void Clear()
    {
        _streamIds.Clear();
        _lastStream = 0;
    }

    /// <summary>Reads the row that a statement with the columns of <see cref="Sql.EventAt"/> stands on, whose position and version the caller has read.</summary>
    internal unsafe void Read(Statement row, long position, long version, PageBuilder page)
    {
        var values = row.Values;
        var header = new Checksum.EventHeader
        {
            Position = position,
            Stream = values[15].Int64,
            Version = version,
            Type = values[3].Int64,
            Time = values[4].Int64,
        };
        var flags = 0;
        if (!values[5].IsNull)
        {
            header.Occurred = values[5].Int64;
            flags |= Checksum.HasOccurred;
        }

        var id = values[6].Bytes;
        if (id.Length != 16) throw Damaged(position, "its id does not take 16 bytes");
        id.CopyTo(new Span<byte>(&header.Id, 16));
        var correlation = Optional(values[7], Checksum.HasCorrelation, ref flags);
        var causation = Optional(values[8], Checksum.HasCausation, ref flags);
        var tagIds = Optional(values[9], Checksum.HasTags, ref flags);
        var metadata = Optional(values[11], Checksum.HasMetadata, ref flags);
        if (values[12].IsText) flags |= Checksum.IsText;
        var data = values[12].Bytes;
        // NULL reads as 0, which none of them is.
        var (mark, contentType, schema) = (values[13].Int64, values[14].Int64, values[1].Int64);
        if ((mark | contentType | schema) != 0) flags |= Checksum.IsExtended;
        (header.Mark, header.ContentType, header.Schema) = (mark, contentType, schema);
        header.Set(correlation.Length, causation.Length, tagIds.Length, metadata.Length, data.Length, flags);
        // NULL reads as 0.
        var checksum = values[10].Int64;
        if (checksum != Checksum.OfEvent(header, correlation, causation, tagIds, metadata, data) || (checksum == 0 && values[10].IsNull))
            throw Damaged(position, values[10].IsNull ? "it has no checksum" : "its checksum does not fit");
        if (position > RecordedEvent.MaxPosition || version > RecordedEvent.MaxVersion) throw Damaged(position, "its position or version is beyond what a log gives");
        page.ThrowIfOutOfOrder(position, version);
        var tags = page.Read.IncludeTags && !tagIds.IsEmpty ? Tags(position, tagIds) : null;
        page.Add(new()
        {
            Position = GlobalPosition.FromInt64(position),
            StreamId = Stream(header.Stream),
            Version = version,
            Type = types.Name(header.Type),
            Id = new Guid(id, bigEndian: true),
            Mark = (uint)mark,
            Timestamp = Moment(header.Time),
            Details = (flags & Checksum.HasDetails) == 0 && tags is null && (contentType | schema) == 0 ? null : Details(header, correlation, causation, tags),
            Metadata = page.Copy(metadata),
            Data = page.Copy(data),
            IsJson = (flags & Checksum.IsText) != 0,
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ReadOnlySpan<byte> Optional(ColumnValue value, int flag, ref int flags)
    {
        // None of these is ever stored empty, so no bytes means NULL. Most are NULL, and reading the type is faster than reading absent bytes.
        if (value.IsNull) return default;
        var bytes = value.Bytes;
        if (!bytes.IsEmpty) flags |= flag;
        return bytes;
    }

    private EventDetails? Details(in Checksum.EventHeader header, ReadOnlySpan<byte> correlation, ReadOnlySpan<byte> causation, Tag[]? tags)
    {
        var details = EventDetails.Of(
            (header.Flags & Checksum.HasOccurred) != 0 ? Moment(header.Occurred) : null,
            (header.Flags & Checksum.HasCorrelation) != 0 ? Encoding.UTF8.GetString(correlation) : null,
            (header.Flags & Checksum.HasCausation) != 0 ? Encoding.UTF8.GetString(causation) : null,
            tags);
        if ((header.ContentType | header.Schema) == 0) return details;
        return (details ?? new(null, null, null, null)) with
        {
            ContentType = header.ContentType == 0 ? null : contentTypes.Name(header.ContentType),
            SchemaVersion = header.Schema is >= 0 and <= int.MaxValue ? Math.Max(1, (int)header.Schema) : throw Damaged(header.Position, "its schema number is out of range"),
        };
    }

    private StreamId Stream(long id)
    {
        if (id == _lastStream) return _lastStreamId;
        if (!_streamIds.TryGetValue(id, out var stream))
        {
            if (_streamIds.Count >= CachedStreamsAtMost) _streamIds.Clear();
            _streamIds[id] = stream = new(streams.Name(id));
        }

        (_lastStream, _lastStreamId) = (id, stream);
        return stream;
    }

    private Tag[] Tags(long position, ReadOnlySpan<byte> ids)
    {
        var found = new List<Tag>();
        while (!ids.IsEmpty)
        {
            if (!Varint.TryRead(ref ids, out var id)) throw Damaged(position, "its tags are not readable");
            found.Add(Tag.Parse(tags.Name(id), null));
        }

        return [.. found];
    }

    private static DateTimeOffset Moment(long microseconds) =>
        Microseconds.FromEpoch(microseconds);

    private static StoreCorruptException Damaged(long position, string what) =>
        new($"the event is not what was stored: {what}", $"position {position}");
}
