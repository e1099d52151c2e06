using System.Buffers;

namespace EventSourcing.Internal;

/// <summary>A growing buffer, kept and used again. Slices of it stay valid until the buffer is reset, also when it grows.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>
{
    /// <summary>The maximum number of bytes that are kept for the next use.</summary>
    internal const int MaxKept = 1 << 20;

    private byte[] _bytes = new byte[4096];

    internal int Length { get; private set; }

    /// <summary>The size in memory, in bytes.</summary>
    internal int Capacity => _bytes.Length;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(Length);
    }

    internal ReadOnlyMemory<byte> SliceFrom(int start) => _bytes.AsMemory(start, Length - start);

    internal void Reset()
    {
        Length = 0;
        if (_bytes.Length > MaxKept) _bytes = new byte[4096];
    }

    private void Reserve(int sizeHint)
    {
        var needed = Length + Math.Max(sizeHint, 256);
        if (needed > _bytes.Length) Array.Resize(ref _bytes, Math.Max(needed, _bytes.Length * 2));
    }
}
