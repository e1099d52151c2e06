using System.Buffers;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>A page in the log's own memory, or in a pooled array if events were filtered. The events' bytes are not copied.</summary>
internal sealed class InMemoryPage : LogPage
{
    private ArraySegment<RecordedEvent> _events;
    private readonly int _count;
    private RecordedEvent[]? _rented;

    internal InMemoryPage(ArraySegment<RecordedEvent> events, bool isRented, PageBounds bounds, long? next, ResumeToken token)
    {
        (_events, _count, _rented) = (events, events.Count, isRented ? events.Array : null);
        (Head, StreamVersion, Generation) = (GlobalPosition.FromInt64(bounds.Head), bounds.StreamVersion, bounds.Generation);
        (Next, IsLast, Token) = (next ?? 0, next is null, token);
    }

    public override ReadOnlySpan<RecordedEvent> Events => _events;

    protected override void Dispose(bool disposing)
    {
        _events = default;
        // Returned only once: the pool would give an array that is returned twice to two pages.
        if (Interlocked.Exchange(ref _rented, null) is not { } rented) return;
        // The pool must not keep names and payloads alive.
        rented.AsSpan(0, _count).Clear();
        ArrayPool<RecordedEvent>.Shared.Return(rented);
    }
}
