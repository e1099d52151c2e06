using System.Buffers.Binary;

namespace EventSourcing.Storage;

/// <summary>What a log remembers of a source: the value of its <see cref="RecordKind.Tracking"/> record, whose key is the source's name.</summary>
/// <param name="Position">The highest place of the source that was read, 1 or more.</param>
public readonly record struct TrackingRecord(long Position)
{
    /// <summary>The record that an append's tracking entry leaves.</summary>
    /// <param name="tracking">The entry.</param>
    public static TrackingRecord Of(Tracking tracking)
    {
        ArgumentNullException.ThrowIfNull(tracking);
        return new(tracking.Position);
    }

    /// <summary>True when the source was read to an entry's place or further: an append with this entry is a duplicate.</summary>
    /// <param name="tracking">An entry of the same source.</param>
    public bool Includes(Tracking tracking)
    {
        ArgumentNullException.ThrowIfNull(tracking);
        return tracking.Position <= Position;
    }

    /// <summary>The stored form: the position as 8 bytes, little-endian.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Position);
        return bytes;
    }

    /// <summary>Reads the stored form; bytes after the position are ignored.</summary>
    /// <param name="source">The record's key, for the error.</param>
    /// <param name="bytes">The stored form.</param>
    /// <exception cref="StoreCorruptException">There are less than 8 bytes.</exception>
    public static TrackingRecord Parse(string source, ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.TryReadInt64LittleEndian(bytes, out var position)
            ? new(position)
            : throw new StoreCorruptException($"it has {bytes.Length} bytes where a position takes {sizeof(long)}", $"the tracking record of source '{source}'") { RecordKey = source };
}
