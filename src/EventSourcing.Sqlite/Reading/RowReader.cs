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

    /// <summary>Reads the row that a statement with the columns of <see cref="Sql.EventAt"/> stands on.</summary>
    internal unsafe void Read(Statement row, PageBuilder page)
    {
        var header = new Checksum.EventHeader
        {
            Position = row.Int64(0),
            Stream = row.Int64(1),
            Version = row.Int64(2),
            Type = row.Int64(3),
            Time = row.Int64(4),
        };
        if (!row.IsNull(5))
        {
            header.Occurred = row.Int64(5);
            header.Flags |= Checksum.HasOccurred;
        }

        var id = row.Bytes(6);
        if (id.Length != 16) throw Damaged(header, "its id does not take 16 bytes");
        id.CopyTo(new Span<byte>(&header.Id, 16));
        var correlation = Optional(row, 7, Checksum.HasCorrelation, ref header.Flags, out header.CorrelationLength);
        var causation = Optional(row, 8, Checksum.HasCausation, ref header.Flags, out header.CausationLength);
        var tagIds = Optional(row, 9, Checksum.HasTags, ref header.Flags, out header.TagsLength);
        var metadata = Optional(row, 11, Checksum.HasMetadata, ref header.Flags, out header.MetadataLength);
        if (row.IsText(12)) header.Flags |= Checksum.IsText;
        var data = row.Bytes(12);
        header.DataLength = data.Length;
        // NULL reads as 0, which none of them is.
        (header.Mark, header.ContentType, header.Schema) = (row.Int64(13), row.Int64(14), row.Int64(15));
        if ((header.Mark | header.ContentType | header.Schema) != 0) header.Flags |= Checksum.IsExtended;
        // NULL reads as 0.
        var checksum = row.Int64(10);
        if (checksum != Checksum.OfEvent(header, correlation, causation, tagIds, metadata, data) || (checksum == 0 && row.IsNull(10)))
            throw Damaged(header, row.IsNull(10) ? "it has no checksum" : "its checksum does not fit");
        if (header.Position > RecordedEvent.MaxPosition || header.Version > RecordedEvent.MaxVersion) throw Damaged(header, "its position or version is beyond what a log gives");
        page.ThrowIfOutOfOrder(header.Position, header.Version);
        page.Add(new()
        {
            Position = GlobalPosition.FromInt64(header.Position),
            StreamId = Stream(header.Stream),
            Version = header.Version,
            Type = types.Name(header.Type),
            Id = new Guid(id, bigEndian: true),
            Mark = (uint)header.Mark,
            Timestamp = Moment(header.Time),
            Details = Details(header, correlation, causation, page.Read.IncludeTags && header.TagsLength > 0 ? Tags(header, tagIds) : null),
            Metadata = page.Copy(metadata),
            Data = page.Copy(data),
            IsJson = (header.Flags & Checksum.IsText) != 0,
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ReadOnlySpan<byte> Optional(Statement row, int column, int flag, ref int flags, out int length)
    {
        // None of these is ever stored empty, so no bytes means NULL. Most are NULL, and reading the type is faster than reading absent bytes.
        var bytes = row.IsNull(column) ? default : row.Bytes(column);
        length = bytes.Length;
        if (length > 0) flags |= flag;
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
            SchemaVersion = header.Schema is >= 0 and <= int.MaxValue ? Math.Max(1, (int)header.Schema) : throw Damaged(header, "its schema number is out of range"),
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

    private Tag[] Tags(in Checksum.EventHeader header, ReadOnlySpan<byte> ids)
    {
        var found = new List<Tag>();
        while (!ids.IsEmpty)
        {
            if (!Varint.TryRead(ref ids, out var id)) throw Damaged(header, "its tags are not readable");
            found.Add(Tag.Parse(tags.Name(id), null));
        }

        return [.. found];
    }

    private static DateTimeOffset Moment(long microseconds) =>
        Microseconds.FromEpoch(microseconds);

    private static StoreCorruptException Damaged(in Checksum.EventHeader header, string what) =>
        new($"the event is not what was stored: {what}", $"position {header.Position}");
}
