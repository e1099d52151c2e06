using System.Buffers.Binary;
using EventSourcing.Storage;

namespace EventSourcing.Leasing;

/// <summary>The owner of a subscription or partition: the value of a <see cref="RecordKind.Lease"/> record.</summary>
/// <param name="Owner">The owner; empty when the lease was released.</param>
/// <param name="Epoch">Rises with every change of owner.</param>
/// <param name="Renewals">Rises with every renewal.</param>
internal readonly record struct LeaseRecord(Guid Owner, long Epoch, long Renewals)
{
    private const byte Format = 1;

    // The renewals are last: the bytes before them identify the owner and the epoch.
    private const int RenewalsAt = 25;

    internal byte[] ToBytes()
    {
        var bytes = new byte[33];
        bytes[0] = Format;
        Owner.TryWriteBytes(bytes.AsSpan(1));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(17), Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(RenewalsAt), Renewals);
        return bytes;
    }

    internal static LeaseRecord Parse(StoredRecord record)
    {
        var bytes = record.Value.Span;
        if (bytes.Length != 33 || bytes[0] != Format) throw new StoreCorruptException("its form is not known", $"lease '{record.Key}'");
        return new(new(bytes[1..17]), BinaryPrimitives.ReadInt64LittleEndian(bytes[17..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[RenewalsAt..]));
    }

    /// <summary>The requirement that an owner holds the lease in an epoch, with any number of renewals.</summary>
    internal static RecordRequirement HeldBy(string key, Guid owner, long epoch) =>
        RecordRequirement.StartsWith(RecordKind.Lease, key, new LeaseRecord(owner, epoch, 0).ToBytes().AsMemory(0, RenewalsAt));

    internal RecordChange Put(string key, long? ifRevision) => RecordChange.Put(RecordKind.Lease, key, ToBytes(), ifRevision);
}
