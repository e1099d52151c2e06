namespace EventSourcing.InMemory;

/// <summary>Copies payloads into arrays that never move: small ones side by side, large ones alone.</summary>
internal sealed class Slabs
{
    // Below 85,000 bytes, so that slabs are collected and compacted like any small object.
    private const int SlabBytes = 64 << 10;
    private const int AloneFrom = 8 << 10;

    private byte[] _slab = [];
    private int _used;

    internal (byte[] Slab, int Offset) Copy(ReadOnlySpan<byte> data, ReadOnlySpan<byte> metadata)
    {
        var (slab, offset) = Take(data.Length + metadata.Length);
        data.CopyTo(slab.AsSpan(offset));
        metadata.CopyTo(slab.AsSpan(offset + data.Length));
        return (slab, offset);
    }

    private (byte[] Slab, int Offset) Take(int bytes)
    {
        if (bytes >= AloneFrom) return (GC.AllocateUninitializedArray<byte>(bytes), 0);
        if (bytes > _slab.Length - _used) (_slab, _used) = (GC.AllocateUninitializedArray<byte>(SlabBytes), 0);
        var offset = _used;
        _used += bytes;
        return (_slab, offset);
    }
}
