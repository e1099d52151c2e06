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
        private ulong _idLengths;
        private ulong _tagsAndMetadata;
        private ulong _dataAndFlags;

        // Hashed only where one of them is not 0, so that the checksum of an event without them is the one of schema 1.
        internal long Mark;
        internal long ContentType;
        internal long Schema;

        internal int CorrelationLength { readonly get => (int)_idLengths; set => _idLengths = Pair(value, CausationLength); }

        internal int CausationLength { readonly get => (int)(_idLengths >> 32); set => _idLengths = Pair(CorrelationLength, value); }

        internal int TagsLength { readonly get => (int)_tagsAndMetadata; set => _tagsAndMetadata = Pair(value, MetadataLength); }

        internal int MetadataLength { readonly get => (int)(_tagsAndMetadata >> 32); set => _tagsAndMetadata = Pair(TagsLength, value); }

        internal int DataLength { readonly get => (int)_dataAndFlags; set => _dataAndFlags = Pair(value, Flags); }

        internal int Flags { readonly get => (int)(_dataAndFlags >> 32); set => _dataAndFlags = Pair(DataLength, value); }

        /// <summary>Sets all lengths and the flags, eight bytes at a time: hashing loads eight bytes, and a load that covers two recent stores waits for both.</summary>
        internal void Set(int correlation, int causation, int tags, int metadata, int data, int flags) =>
            (_idLengths, _tagsAndMetadata, _dataAndFlags) = (Pair(correlation, causation), Pair(tags, metadata), Pair(data, flags));

        private static ulong Pair(int low, int high) => (uint)low | ((ulong)(uint)high << 32);
    }

    internal const int MaxNameBytes = 512;

    internal const int HasOccurred = 1, HasCorrelation = 2, HasCausation = 4, HasTags = 8, HasMetadata = 16, IsText = 32, IsExtended = 64;

    /// <summary>The flags of the parts that <see cref="Storage.EventDetails"/> holds; without the tags, which are read on request.</summary>
    internal const int HasDetails = HasOccurred | HasCorrelation | HasCausation;

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
