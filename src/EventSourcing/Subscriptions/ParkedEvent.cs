using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions;

/// <summary>An event that a subscription set aside: the bytes as they were stored, and why.</summary>
public sealed record ParkedEvent
{
    private const byte Format = 1;

    /// <summary>The event as bytes. The serializer reads it anew when it is retried.</summary>
    public required RecordedEvent Event { get; init; }

    /// <summary>The key whose later events are held back; the stream by default.</summary>
    public required string Key { get; init; }

    /// <summary>How often it was tried; 0 for an event that was set aside because one before it of the same key was.</summary>
    public required int Attempts { get; init; }

    /// <summary>What the handler threw at last, or that an earlier event of the key was set aside.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was set aside: UTC, by the runner's clock.</summary>
    public required DateTimeOffset ParkedAt { get; init; }

    internal byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Format);
            writer.Write(Key);
            writer.Write7BitEncodedInt(Attempts);
            writer.Write(Reason);
            writer.Write(ParkedAt.UtcTicks);
            Write(writer, Event);
        }

        return stream.ToArray();
    }

    internal static ParkedEvent Parse(Record record)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(record.Value.ToArray(), writable: false), Encoding.UTF8);
            if (reader.ReadByte() is var format && format != Format) throw new InvalidDataException($"its format is {format}, not {Format}");
            return new()
            {
                Key = reader.ReadString(),
                Attempts = reader.Read7BitEncodedInt(),
                Reason = reader.ReadString(),
                ParkedAt = new(reader.ReadInt64(), TimeSpan.Zero),
                Event = ReadEvent(reader),
            };
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or FormatException or OverflowException)
        {
            throw new StoreCorruptException(e.Message, $"parked event '{record.Key}'", e);
        }
    }

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
    }

    private static RecordedEvent ReadEvent(BinaryReader reader)
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
            Metadata = reader.ReadBytes(reader.Read7BitEncodedInt()),
            Data = reader.ReadBytes(reader.Read7BitEncodedInt()),
        };
        return e with { Details = EventDetails.Of(occurredAt, correlationId, causationId, ReadTags(reader)) };
    }

    private static Tag[]? ReadTags(BinaryReader reader)
    {
        var tags = new Tag[reader.Read7BitEncodedInt()];
        if (tags.Length == 0) return null;
        for (var i = 0; i < tags.Length; i++) tags[i] = Tag.Parse(reader.ReadString());
        return tags;
    }
}
