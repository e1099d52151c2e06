namespace EventSourcing.InMemory;

/// <summary>Copies payloads into arrays that never move: small ones side by side, large ones alone.</summary>
internal sealed class PayloadArenas
{
    // Pinned arrays are not in generation 0: no collection of generation 0 copies a slab or is triggered by one. No slab lies between the events' chunks, which are read in order.
    private const int LargestSlab = 256 << 10;
    private const int SmallestSlab = 4 << 10;

    // The next slab begins when an event does not fit. So the events that share a slab are small compared with it.
    private const int SharedByAtLeast = 8;

    private byte[] _slab = [];
    private int _used;
    private long _copied;

    internal (byte[] Slab, int Offset) Copy(ReadOnlySpan<byte> data, ReadOnlySpan<byte> metadata)
    {
        var (slab, offset) = Take(data.Length + metadata.Length);
        data.CopyTo(slab.AsSpan(offset));
        metadata.CopyTo(slab.AsSpan(offset + data.Length));
        return (slab, offset);
    }

    private (byte[] Slab, int Offset) Take(int bytes)
    {
        if (bytes > _slab.Length - _used)
        {
            // A slab is as large as all slabs before it together, so that a log of few events stays small.
            var size = (int)Math.Clamp(_copied, SmallestSlab, LargestSlab);
            if (bytes > size / SharedByAtLeast)
            {
                _copied += bytes;
                return (GC.AllocateUninitializedArray<byte>(bytes), 0);
            }

            (_slab, _used) = (GC.AllocateUninitializedArray<byte>(size, pinned: true), 0);
        }

        var offset = _used;
        _used += bytes;
        _copied += bytes;
        return (_slab, offset);
    }
}
