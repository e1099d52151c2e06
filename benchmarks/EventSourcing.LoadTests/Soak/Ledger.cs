using System.Buffers.Binary;

namespace EventSourcing.LoadTests.Soak;

/// <summary>The numbers of all events that somebody was answered for, with the positions of the answers. In a file: in memory they would hide what grows there. Thread-safe.</summary>
internal sealed class Ledger(string path) : IDisposable
{
    /// <summary>The position of an answer that names none.</summary>
    public const long NotTold = 0;

    /// <summary>The position of a number for which nobody got an answer.</summary>
    public const long NotAcknowledged = -1;

    private const int EntryBytes = 16;

    private readonly Lock _lock = new();
    private readonly FileStream _file = new(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, 1 << 16, FileOptions.DeleteOnClose);
    private long _last, _acknowledged;

    /// <summary>How many events were acknowledged.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>A number for one more event.</summary>
    public long Next() => Interlocked.Increment(ref _last);

    public void Acknowledge(long number, GlobalPosition position) => Acknowledge(number, position.ToInt64());

    public void Acknowledge(long number, long position)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteInt64LittleEndian(entry, number);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], position);
        lock (_lock) _file.Write(entry);
        Interlocked.Increment(ref _acknowledged);
    }

    /// <summary>The position of each number, or <see cref="NotTold"/> or <see cref="NotAcknowledged"/>.</summary>
    public long[] Read()
    {
        lock (_lock)
        {
            var positions = new long[Volatile.Read(ref _last) + 1];
            Array.Fill(positions, NotAcknowledged);
            _file.Position = 0;
            Span<byte> entry = stackalloc byte[EntryBytes];
            while (_file.ReadAtLeast(entry, EntryBytes, throwOnEndOfStream: false) == EntryBytes)
                positions[BinaryPrimitives.ReadInt64LittleEndian(entry)] = BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);
            return positions;
        }
    }

    public void Dispose() => _file.Dispose();
}
