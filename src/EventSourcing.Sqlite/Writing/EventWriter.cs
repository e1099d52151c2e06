using System.Text;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Writes events as rows, with their checksum, their tags' index rows and, for ids given by callers, their id's row.</summary>
internal sealed unsafe class EventWriter(Database database, PositionalIds ids, NameTable types, NameTable tags, NameTable contentTypes)
{
    private readonly Statement _event = database.Prepare(Sql.InsertEvent);
    private readonly Statement _tag = database.Prepare(Sql.InsertEventTag);
    private readonly Statement _id = database.Prepare(Sql.InsertId);
    private byte[] _scratch = new byte[4096];
    private MarkSource _marks = MarkSource.Create();

    /// <summary>Writes one event.</summary>
    /// <param name="e">The event.</param>
    /// <param name="position">Its position.</param>
    /// <param name="stream">Its stream's id.</param>
    /// <param name="version">Its version.</param>
    /// <param name="time">The store's time, in microseconds since 1970.</param>
    /// <returns>The event's token.</returns>
    internal ResumeToken Write(in LogEvent e, long position, long stream, long version, long time)
    {
        var id = e.Id ?? IdAt(position, time);
        var header = new Checksum.EventHeader { Position = position, Stream = stream, Version = version, Type = types.Intern(e.Type), Time = time };
        id.TryWriteBytes(new Span<byte>(&header.Id, 16), bigEndian: true, out _);
        if (e.OccurredAt is { } occurred)
        {
            header.Occurred = Microseconds.SinceEpoch(occurred);
            header.Flags |= Checksum.HasOccurred;
        }

        header.Mark = (int)_marks.Next();
        header.Flags |= Checksum.IsExtended;
        if (e.ContentType is not null) header.ContentType = contentTypes.Intern(e.ContentType);
        if (e.SchemaVersion > 1) header.Schema = e.SchemaVersion;
        Encode(e, ref header);
        Insert(e, ref header);
        if (e.Id is not null) _id.Bind(1, new ReadOnlySpan<byte>(&header.Id, 16)).Bind(2, position).Run();
        return ResumeToken.Of(GlobalPosition.FromInt64(position), id, (uint)header.Mark);
    }

    /// <summary>The id that the log gives to the event at a position.</summary>
    internal Guid IdAt(long position, long time) =>
        ids.Create(Microseconds.FromEpoch(time), position);

    // Correlation, causation and tag ids one after the other in the scratch buffer; the tags' index rows are written on the way.
    private void Encode(in LogEvent e, ref Checksum.EventHeader header)
    {
        var tagCount = e.Tags?.Count ?? 0;
        var needed = (2 * Checksum.MaxNameBytes) + (tagCount * Varint.MaxLength);
        if (_scratch.Length < needed) _scratch = new byte[needed];
        if (e.CorrelationId is not null)
        {
            header.Flags |= Checksum.HasCorrelation;
            header.CorrelationLength = Encoding.UTF8.GetBytes(e.CorrelationId, _scratch);
        }

        if (e.CausationId is not null)
        {
            header.Flags |= Checksum.HasCausation;
            header.CausationLength = Encoding.UTF8.GetBytes(e.CausationId, _scratch.AsSpan(header.CorrelationLength));
        }

        for (var i = 0; i < tagCount; i++)
        {
            var tag = tags.Intern(e.Tags![i].ToString());
            _tag.Bind(1, tag).Bind(2, header.Position).Bind(3, header.Type).Run();
            header.Flags |= Checksum.HasTags;
            header.TagsLength += Varint.Write(_scratch.AsSpan(header.CorrelationLength + header.CausationLength + header.TagsLength), tag);
        }

        if (!e.Metadata.IsEmpty) header.Flags |= Checksum.HasMetadata;
        if (e.IsJson) header.Flags |= Checksum.IsText;
        header.MetadataLength = e.Metadata.Length;
        header.DataLength = e.Data.Length;
    }

    private void Insert(in LogEvent e, ref Checksum.EventHeader header)
    {
        var correlation = _scratch.AsSpan(0, header.CorrelationLength);
        var causation = _scratch.AsSpan(header.CorrelationLength, header.CausationLength);
        var tagIds = _scratch.AsSpan(header.CorrelationLength + header.CausationLength, header.TagsLength);
        var checksum = Checksum.OfEvent(header, correlation, causation, tagIds, e.Metadata.Span, e.Data.Span);
        _event.Bind(1, header.Position).Bind(2, header.Stream).Bind(3, header.Version).Bind(4, header.Type).Bind(5, header.Time).Bind(11, checksum).Bind(14, header.Mark);
        if ((header.Flags & Checksum.HasOccurred) != 0) _event.Bind(6, header.Occurred);
        else _event.BindNull(6);
        BindNumber(15, header.ContentType);
        BindNumber(16, header.Schema);
        // SQLite reads the bytes where they are, so the statement runs while they are pinned.
        fixed (byte* scratch = _scratch, metadata = e.Metadata.Span, data = e.Data.Span)
        fixed (UInt128* id = &header.Id)
        {
            _event.BindPinned(7, (byte*)id, 16, asText: false);
            BindIf(Checksum.HasCorrelation, 8, scratch, header.CorrelationLength, header.Flags, asText: true);
            BindIf(Checksum.HasCausation, 9, scratch + header.CorrelationLength, header.CausationLength, header.Flags, asText: true);
            BindIf(Checksum.HasTags, 10, scratch + header.CorrelationLength + header.CausationLength, header.TagsLength, header.Flags, asText: false);
            BindIf(Checksum.HasMetadata, 12, metadata, header.MetadataLength, header.Flags, asText: true);
            _event.BindPinned(13, data, header.DataLength, e.IsJson);
            _event.Run();
        }
    }

    private void BindNumber(int index, long value)
    {
        if (value != 0) _event.Bind(index, value);
        else _event.BindNull(index);
    }

    private void BindIf(int flag, int index, byte* value, int length, int flags, bool asText)
    {
        if ((flags & flag) != 0) _event.BindPinned(index, value, length, asText);
        else _event.BindNull(index);
    }
}
