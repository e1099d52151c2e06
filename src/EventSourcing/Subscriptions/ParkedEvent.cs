using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>An event that a subscription parked: its bytes as they were stored, and the reason.</summary>
public sealed record ParkedEvent
{
    // Format 1 had neither mark, content type nor schema number; format 2 did not say whether the event is a replay.
    private const byte Format = 3;

    /// <summary>The event as bytes. It is decoded again when it is retried.</summary>
    public required RecordedEvent Event { get; init; }

    /// <summary>The key whose later events are held back; the stream by default.</summary>
    public required string PartitionKey { get; init; }

    /// <summary>The number of attempts; 0 for an event that was parked because an earlier one of its key was, and where the record is damaged.</summary>
    public required int Attempts { get; init; }

    /// <summary>The last exception of the handler, or that an earlier event of the key is parked, or that the record is damaged.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was parked: UTC, by the clock of the event bus. Where the record is damaged: when the event was stored.</summary>
    public required DateTimeOffset ParkedAt { get; init; }

    /// <summary>True when the event had been handled before it was parked, which a reset of the subscription makes possible; see <see cref="DeliveryContext.IsReplay"/>. False where the record is damaged, or was written by version 0.1.</summary>
    public bool IsReplay { get; init; }

    internal byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Format);
            writer.Write(PartitionKey);
            writer.Write7BitEncodedInt(Attempts);
            writer.Write(Reason);
            writer.Write(ParkedAt.UtcTicks);
            Write(writer, Event);
            writer.Write(IsReplay);
        }

        return stream.ToArray();
    }

    /// <summary>Reads a record; false, with the error, when it is damaged.</summary>
    internal static bool TryParse(StoredRecord record, [NotNullWhen(true)] out ParkedEvent? parked, [NotNullWhen(false)] out StoreCorruptException? error)
    {
        (parked, error) = (null, null);
        try
        {
            using var reader = new BinaryReader(Open(record.Value), Encoding.UTF8);
            if (reader.ReadByte() is var format && format is < 1 or > Format) throw new InvalidDataException($"its format is {format}, not from 1 to {Format}");
            parked = new()
            {
                PartitionKey = reader.ReadString(),
                Attempts = reader.Read7BitEncodedInt(),
                Reason = reader.ReadString(),
                ParkedAt = new(reader.ReadInt64(), TimeSpan.Zero),
                Event = ReadEvent(reader, format),
                IsReplay = format >= 3 && reader.ReadBoolean(),
            };
            return true;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or FormatException or OverflowException)
        {
            error = new(e.Message, $"parked event '{record.Key}'", e) { RecordKey = record.Key };
            return false;
        }
    }

    private static MemoryStream Open(ReadOnlyMemory<byte> value) => MemoryMarshal.TryGetArray(value, out var bytes)
        ? new(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
        : new(value.ToArray(), writable: false);

    private static void Write(BinaryWriter writer, in RecordedEvent e)
    {
        writer.Write7BitEncodedInt64(e.Position.ToInt64());
        writer.Write(e.StreamId.Value);
        writer.Write7BitEncodedInt64(e.Version);
        writer.Write(e.Type);
        writer.Write(e.Id.ToByteArray());
        writer.Write(e.Timestamp.UtcTicks);
        writer.Write(e.OccurredAt?.UtcTicks ?? -1);
        writer.Write(e.CorrelationId is not null);
        if (e.CorrelationId is not null) writer.Write(e.CorrelationId);
        writer.Write(e.CausationId is not null);
        if (e.CausationId is not null) writer.Write(e.CausationId);
        writer.Write(e.IsJson);
        writer.Write7BitEncodedInt(e.Metadata.Length);
        writer.Write(e.Metadata.Span);
        writer.Write7BitEncodedInt(e.Data.Length);
        writer.Write(e.Data.Span);
        writer.Write7BitEncodedInt(e.Tags?.Count ?? 0);
        foreach (var tag in e.Tags ?? []) writer.Write(tag.ToString());
        writer.Write(e.Mark);
        writer.Write(e.ContentType ?? "");
        writer.Write7BitEncodedInt(e.SchemaVersion);
    }

    private static RecordedEvent ReadEvent(BinaryReader reader, byte format)
    {
        var e = new RecordedEvent
        {
            Position = GlobalPosition.FromInt64(reader.Read7BitEncodedInt64()),
            StreamId = reader.ReadString(),
            Version = reader.Read7BitEncodedInt64(),
            Type = reader.ReadString(),
            Id = new(reader.ReadBytes(16)),
            Timestamp = new(reader.ReadInt64(), TimeSpan.Zero),
        };
        var occurredAt = reader.ReadInt64() is var ticks and >= 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : (DateTimeOffset?)null;
        var correlationId = reader.ReadBoolean() ? reader.ReadString() : null;
        var causationId = reader.ReadBoolean() ? reader.ReadString() : null;
        e = e with
        {
            IsJson = reader.ReadBoolean(),
            Metadata = ReadBlock(reader),
            Data = ReadBlock(reader),
        };
        var details = EventDetails.Of(occurredAt, correlationId, causationId, ReadTags(reader));
        if (format == 1) return e with { Details = details };
        var (mark, contentType, schemaVersion) = (reader.ReadUInt32(), reader.ReadString(), reader.Read7BitEncodedInt());
        if (contentType.Length > 0 || schemaVersion != 1)
            details = (details ?? new(null, null, null, null)) with { ContentType = contentType.Length > 0 ? contentType : null, SchemaVersion = schemaVersion };
        return e with { Mark = mark, Details = details };
    }

    private static byte[] ReadBlock(BinaryReader reader) => reader.ReadBytes(CountOf(reader));

    /// <summary>Reads a count of items of at least one byte each: a damaged count must not allocate more memory than the record has bytes.</summary>
    private static int CountOf(BinaryReader reader)
    {
        var count = reader.Read7BitEncodedInt();
        return count >= 0 && count <= reader.BaseStream.Length - reader.BaseStream.Position ? count : throw new InvalidDataException($"it ends before the {count} that it counts");
    }

    private static Tag[]? ReadTags(BinaryReader reader)
    {
        if (CountOf(reader) is not (var count and > 0)) return null;
        var tags = new Tag[count];
        for (var i = 0; i < tags.Length; i++) tags[i] = Tag.Parse(reader.ReadString(), null);
        return tags;
    }
}
