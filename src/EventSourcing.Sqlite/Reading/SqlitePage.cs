using System.Buffers;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Reading;

/// <summary>A page whose events lie in a rented array, and, where the reader allowed it, their bytes in rented slabs.</summary>
internal sealed class SqlitePage : LogPage
{
    private RecordedEvent[] _events;
    private List<byte[]>? _slabs;
    private int _count;

    internal SqlitePage(RecordedEvent[] events, int count, List<byte[]>? slabs, long head, long streamVersion, long generation, long? next, in ResumeToken token)
    {
        (_events, _count, _slabs) = (events, count, slabs);
        Head = GlobalPosition.FromInt64(head);
        StreamVersion = streamVersion;
        Generation = generation;
        Next = next ?? 0;
        IsLast = next is null;
        Token = token;
    }

    public override ReadOnlySpan<RecordedEvent> Events => _events.AsSpan(0, _count);

    protected override void Dispose(bool disposing)
    {
        var events = Interlocked.Exchange(ref _events, []);
        _count = 0;
        if (events.Length > 0) ArrayPool<RecordedEvent>.Shared.Return(events, clearArray: true);
        foreach (var slab in Interlocked.Exchange(ref _slabs, null) ?? []) ArrayPool<byte>.Shared.Return(slab);
    }
}
