using System.Buffers;

namespace EventSourcing.Internal;

/// <summary>A growing buffer whose earlier bytes stay addressable by offset; kept and used again.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>
{
    private const int KeptAtMost = 1 << 20;

    private byte[] _bytes = new byte[4096];

    internal int Length { get; private set; }

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

    internal ReadOnlyMemory<byte> Slice(int start, int length) => _bytes.AsMemory(start, length);

    internal void Reset()
    {
        Length = 0;
        if (_bytes.Length > KeptAtMost) _bytes = new byte[4096];
    }

    private void Reserve(int sizeHint)
    {
        var needed = Length + Math.Max(sizeHint, 256);
        if (needed > _bytes.Length) Array.Resize(ref _bytes, Math.Max(needed, _bytes.Length * 2));
    }
}
