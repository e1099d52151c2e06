namespace EventSourcing.Sqlite.Reading;

/// <summary>Memory into which the bytes of many events are copied one after the other.</summary>
internal sealed class PayloadArena
{
    /// <summary>Below the large object heap's 85,000 bytes.</summary>
    internal const int Size = 64 << 10;

    internal byte[] Bytes { get; set; } = [];

    internal int Used { get; set; }

    internal int Left => Bytes.Length - Used;

    internal ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Bytes.AsSpan(Used));
        var copy = new ReadOnlyMemory<byte>(Bytes, Used, bytes.Length);
        Used += bytes.Length;
        return copy;
    }
}
