namespace EventSourcing.Sqlite.Native;

/// <summary>Unsigned integers in 7-bit groups, the lowest first; the high bit says that another follows.</summary>
internal static class Varint
{
    internal const int MaxLength = 9;

    internal static int Write(Span<byte> output, long value)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7) output[length++] = (byte)(value | 0x80);
        output[length++] = (byte)value;
        return length;
    }

    /// <summary>Reads one and moves on; false at the end or at bytes that are no varint.</summary>
    internal static bool TryRead(ref ReadOnlySpan<byte> input, out long value)
    {
        value = 0;
        for (var i = 0; i < input.Length && i < MaxLength; i++)
        {
            value |= (long)(input[i] & 0x7f) << (7 * i);
            if (input[i] >= 0x80) continue;
            input = input[(i + 1)..];
            return true;
        }

        return false;
    }
}
