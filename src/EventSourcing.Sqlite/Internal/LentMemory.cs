using System.Buffers;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Memory of SQLite's, shown for the length of a call. Afterwards it is refused, never read.</summary>
internal sealed unsafe class LentMemory : MemoryManager<byte>
{
    private byte* _bytes;
    private int _length;

    internal ReadOnlyMemory<byte> Lend(ReadOnlySpan<byte> unmovable)
    {
        if (unmovable.IsEmpty) return default;
        _length = unmovable.Length;
        fixed (byte* p = unmovable) _bytes = p;
        return CreateMemory(_length);
    }

    internal void TakeBack() => _bytes = null;

    public override Span<byte> GetSpan() => _bytes is not null ? new(_bytes, _length) : throw NotLent();

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        if (_bytes is null) throw NotLent();
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        return new(_bytes + elementIndex);
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }

    private static InvalidOperationException NotLent() => new("The bytes of an event that was visited are valid during the visit only: copy what is needed longer.");
}
