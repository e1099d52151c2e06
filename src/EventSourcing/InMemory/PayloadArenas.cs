namespace EventSourcing.InMemory;

/// <summary>Copies payloads into arrays that never move: small payloads share an array, a large one has its own.</summary>
internal sealed class PayloadArenas
{
    // Pinned arrays are not allocated in generation 0: no collection copies an arena, and no arena triggers one. No arena lies between the events' chunks, which are read in order.
    private const int MaxArenaSize = 256 << 10;
    private const int MinArenaSize = 4 << 10;

    // The next arena begins when an event does not fit. So the events that share an arena are small compared with it.
    private const int SharedByAtLeast = 8;

    private byte[] _arena = [];
    private int _used;
    private long _copied;

    internal (byte[] Arena, int Offset) Copy(ReadOnlySpan<byte> data, ReadOnlySpan<byte> metadata)
    {
        var (arena, offset) = Take(data.Length + metadata.Length);
        data.CopyTo(arena.AsSpan(offset));
        metadata.CopyTo(arena.AsSpan(offset + data.Length));
        return (arena, offset);
    }

    private (byte[] Arena, int Offset) Take(int bytes)
    {
        if (bytes > _arena.Length - _used)
        {
            // An arena is as large as all arenas before it together, so that a log of few events stays small.
            var size = (int)Math.Clamp(_copied, MinArenaSize, MaxArenaSize);
            if (bytes > size / SharedByAtLeast)
            {
                _copied += bytes;
                return (GC.AllocateUninitializedArray<byte>(bytes), 0);
            }

            (_arena, _used) = (GC.AllocateUninitializedArray<byte>(size, pinned: true), 0);
        }

        var offset = _used;
        _used += bytes;
        _copied += bytes;
        return (_arena, offset);
    }
}
