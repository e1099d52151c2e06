using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace EventSourcing.Sqlite.Tables;

/// <summary>XxHash3 over everything a row says. It finds accidents, not forgery.</summary>
internal static class Checksum
{
    /// <summary>The fixed part of an event's row, in the byte order of the file format: little-endian.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct EventHeader
    {
        internal long Position;
        internal long Stream;
        internal long Version;
        internal long Type;
        internal long Time;
        internal long Occurred;
        internal UInt128 Id;
        internal int CorrelationLength;
        internal int CausationLength;
        internal int TagsLength;
        internal int MetadataLength;
        internal int DataLength;
        internal int Flags;

        // Hashed only where one of them is not 0, so that the checksum of an event without them is the one of schema 1.
        internal long Mark;
        internal long ContentType;
        internal long Schema;
    }

    internal const int MaxNameBytes = 512;

    internal const int HasOccurred = 1, HasCorrelation = 2, HasCausation = 4, HasTags = 8, HasMetadata = 16, IsText = 32, IsExtended = 64;

    private const int ExtensionBytes = 3 * sizeof(long);

    /// <summary>The parts hash one after the other, each seeded by the one before; the header holds their lengths, so none can be taken for another.</summary>
    internal static long OfEvent(
        in EventHeader header, ReadOnlySpan<byte> correlation, ReadOnlySpan<byte> causation, ReadOnlySpan<byte> tags, ReadOnlySpan<byte> metadata, ReadOnlySpan<byte> data)
    {
        var fixedPart = MemoryMarshal.AsBytes(new ReadOnlySpan<EventHeader>(in header));
        var hash = XxHash3.HashToUInt64((header.Flags & IsExtended) != 0 ? fixedPart : fixedPart[..^ExtensionBytes]);
        hash = Chain(hash, correlation);
        hash = Chain(hash, causation);
        hash = Chain(hash, tags);
        hash = Chain(hash, metadata);
        return (long)XxHash3.HashToUInt64(data, (long)hash);
    }

    internal static long OfName(long id, ReadOnlySpan<byte> name) => (long)XxHash3.HashToUInt64(name, id);

    internal static long OfName(long id, string name) => OfName(id, Encoding.UTF8.GetBytes(name));

    internal static long OfRecord(long kind, string key, long revision, ReadOnlySpan<byte> value) =>
        (long)XxHash3.HashToUInt64(value, OfName(kind, key) + revision);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Chain(ulong hash, ReadOnlySpan<byte> part) => part.IsEmpty ? hash : XxHash3.HashToUInt64(part, (long)hash);
}
