using System.Buffers;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Reading;

/// <summary>Collects the rows of one page: events in a rented array, their bytes in slabs.</summary>
internal sealed class PageBuilder(LogRead read, long head, long generation, PayloadArena shared)
{
    // A page of fewer events takes memory of its own, so that an event kept from it does not keep a whole slab.
    private const int SharesSlabFrom = 512;

    private readonly int _maxCount = (read as RangeRead)?.MaxCount ?? 1;
    private readonly int _maxBytes = (read as RangeRead)?.MaxBytes ?? LogRead.DefaultMaxBytes;
    private readonly List<byte[]>? _rented = read.ReuseBuffers ? [] : null;
    private RecordedEvent[] _events = [];
    private PayloadArena _slab = new();
    private int _count;
    private long _bytes;
    private long _expected = 16;
    private long _lastPosition;
    private long _lastVersion;
    private long? _next;

    internal LogRead Read { get; } = read;

    internal long Head { get; } = head;

    internal long StreamVersion { get; set; }

    /// <summary>The highest position that was looked at; 0 for none.</summary>
    internal long Examined { get; set; }

    internal ResumeToken Token { get; set; }

    /// <summary>The token of the highest position looked at where its event is on the page.</summary>
    internal ResumeToken? LastToken
    {
        get
        {
            if (_count == 0) return null;
            ref readonly var highest = ref _events[Direction == ReadDirection.Forward ? _count - 1 : 0];
            return highest.Position.ToInt64() == Examined ? highest.Token : null;
        }
    }

    internal ReadDirection Direction { get; } = (read as RangeRead)?.Direction ?? ReadDirection.Forward;

    internal bool IsFull => _count == _maxCount || _bytes >= _maxBytes;

    /// <summary>Sets the approximate number of events.</summary>
    internal void Expect(long count) => _expected = count;

    internal void ContinueAt(long next) => _next = next;

    /// <summary>The whole log was examined through a position, or up to where the next page begins.</summary>
    internal void ExaminedLog(long through) => Examined = _next is { } next && Direction == ReadDirection.Forward ? next - 1 : through;

    /// <summary>Checks that keys rise and versions are consecutive. Checksums do not detect swapped pages of the file; this check does.</summary>
    internal void ThrowIfOutOfOrder(long position, long version)
    {
        if (_count > 0)
        {
            var forward = Direction == ReadDirection.Forward;
            if (forward ? position <= _lastPosition : position >= _lastPosition)
                throw new StoreCorruptException($"position {position} comes after {_lastPosition}", $"position {position}");
            if (Read is StreamRead { StreamId: var stream } && (forward ? version <= _lastVersion : version >= _lastVersion))
                throw new StoreCorruptException($"version {version} comes after {_lastVersion}", $"stream '{stream}'");
        }

        (_lastPosition, _lastVersion) = (position, version);
    }

    internal void Add(in RecordedEvent e)
    {
        if (_count == _events.Length) Grow();
        // Through a reference, so that the event is copied once.
        ref var place = ref _events[_count];
        place = e;
        _count++;
        _bytes += e.Data.Length + e.Metadata.Length;
    }

    internal ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return default;
        if (_slab.Left < bytes.Length) NewSlab(bytes.Length);
        return _slab.Copy(bytes);
    }

    internal SqlitePage Build() => new(_events, _count, _rented, Head, StreamVersion, generation, _next, Token);

    internal void Abandon() => Build().Dispose();

    private void Grow()
    {
        var size = _events.Length == 0 ? (int)Math.Clamp(_expected, 1, _maxCount) : Math.Min(_events.Length * 2, _maxCount);
        var larger = ArrayPool<RecordedEvent>.Shared.Rent(size);
        _events.AsSpan(0, _count).CopyTo(larger);
        if (_events.Length > 0) ArrayPool<RecordedEvent>.Shared.Return(_events, clearArray: true);
        _events = larger;
    }

    private void NewSlab(int needed)
    {
        if (_rented is not null)
        {
            _slab.Bytes = ArrayPool<byte>.Shared.Rent(Math.Max(needed, PayloadArena.Size));
            _slab.Used = 0;
            _rented.Add(_slab.Bytes);
            return;
        }

        if (_expected >= SharesSlabFrom && _slab != shared)
        {
            _slab = shared;
            if (_slab.Left >= needed) return;
        }

        _slab.Bytes = GC.AllocateUninitializedArray<byte>(SizeOfNext(needed));
        _slab.Used = 0;
    }

    // The first slabs of a short page are sized by what it has shown so far.
    private int SizeOfNext(int needed)
    {
        if (_slab == shared) return Math.Max(needed, PayloadArena.Size);
        var left = Math.Max(_expected - _count, 1);
        var average = _count == 0 ? needed : Math.Max(needed, (_bytes / _count) + 16);
        return (int)Math.Max(needed, Math.Min(left * average, PayloadArena.Size));
    }
}
