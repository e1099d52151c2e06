using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace EventSourcing.Storage;

/// <summary>Event ids from which a log finds the event without an index: UUID version 7 with the position in its last 62 bits.</summary>
/// <remarks>
/// The layout is that of RFC 9562 section 5.7: 48 bits of Unix milliseconds, the version, 12 bits of the millisecond's
/// fraction (section 6.2, method 3), the variant, 62 bits. These 62 bits are position + key modulo 2^62: the key, random
/// per log, keeps the ids of two logs apart. The log has to check that the event at the position found has the id: an id that the log
/// did not make leads to a position too.
/// </remarks>
public readonly record struct PositionalIds
{
    private const long Mask = (1L << 62) - 1;
    private const int FractionSteps = 1 << 12;

    private readonly long _key;

    /// <summary>The ids of one log.</summary>
    /// <param name="key">The log's own random number, from 0 to 2^62 - 1; kept with the log for ever.</param>
    /// <exception cref="ArgumentOutOfRangeException">The key is out of range.</exception>
    public PositionalIds(long key)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(key);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key, Mask);
        _key = key;
    }

    /// <summary>The id of the event at a position.</summary>
    /// <param name="timestamp">When the event is stored, from 1970 on.</param>
    /// <param name="position">The event's position, from 0 to 2^62 - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The position is out of range or the time is before 1970.</exception>
    public Guid Create(DateTimeOffset timestamp, long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Mask);
        var ticks = timestamp.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        ArgumentOutOfRangeException.ThrowIfNegative(ticks, nameof(timestamp));
        var (milliseconds, rest) = Math.DivRem(ticks, TimeSpan.TicksPerMillisecond);
        var fraction = rest * FractionSteps / TimeSpan.TicksPerMillisecond;
        var last = 1UL << 63 | (ulong)(position + _key & Mask);
        // The parts in a register, in a Guid's own order: they are written and read as one.
        var parts = BitConverter.IsLittleEndian
            ? Vector128.Create((ulong)(milliseconds >> 16 & 0xFFFF_FFFF | milliseconds << 32 & 0xFFFF_0000_0000 | fraction << 48 | 0x7000L << 48), BinaryPrimitives.ReverseEndianness(last))
            : Vector128.Create((ulong)(milliseconds << 16 | fraction | 0x7000), last);
        return Unsafe.BitCast<Vector128<ulong>, Guid>(parts);
    }

    /// <summary>Where the event with an id would be, if this log made the id.</summary>
    /// <param name="id">Any id.</param>
    /// <param name="position">A position from 0 to 2^62 - 1, perhaps beyond the head; 0 when the answer is false.</param>
    /// <returns>False when the id is no UUID of version 7, so this log did not make it.</returns>
    public bool TryGetPosition(Guid id, out long position)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var last = BinaryPrimitives.ReadInt64BigEndian(bytes[8..]);
        var isOurs = bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2;
        position = isOurs ? last - _key & Mask : 0;
        return isOurs;
    }
}
