using System.Buffers.Binary;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Running;

/// <summary>How far a partition of a subscription is: the value of a <see cref="RecordKind.Checkpoint"/> record.</summary>
/// <param name="Position">The last position that is done.</param>
/// <param name="Furthest">The highest position it ever had: up to here, deliveries after a reset are replays.</param>
/// <param name="Partitions">How many partitions the subscription has.</param>
internal readonly record struct Checkpoint(long Position, long Furthest, int Partitions)
{
    private const byte Format = 1;

    internal byte[] ToBytes()
    {
        var bytes = new byte[18];
        (bytes[0], bytes[1]) = (Format, (byte)Partitions);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(2), Position);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(10), Furthest);
        return bytes;
    }

    internal static Checkpoint Parse(StoredRecord record)
    {
        var bytes = record.Value.Span;
        if (bytes.Length != 18 || bytes[0] != Format) throw new StoreCorruptException("its form is not known", $"checkpoint '{record.Key}'");
        return new(BinaryPrimitives.ReadInt64LittleEndian(bytes[2..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[10..]), bytes[1]);
    }
}
