using System.Buffers;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>A page in the log's own memory or, where events were picked, in a pooled array; their bytes stay where they are stored.</summary>
internal sealed class InMemoryPage : LogPage
{
    private ArraySegment<RecordedEvent> _events;
    private bool _isRented;

    internal InMemoryPage(ArraySegment<RecordedEvent> events, bool isRented, PageBounds bounds, long? next)
    {
        (_events, _isRented) = (events, isRented);
        (Head, StreamVersion, Generation) = (GlobalPosition.FromInt64(bounds.Head), bounds.StreamVersion, bounds.Generation);
        (Next, IsLast) = (next ?? 0, next is null);
    }

    public override ReadOnlySpan<RecordedEvent> Events => _events;

    protected override void Dispose(bool disposing)
    {
        var (events, isRented) = (_events, _isRented);
        (_events, _isRented) = (default, false);
        if (!isRented) return;
        // The pool must not keep names and payloads alive.
        events.AsSpan().Clear();
        ArrayPool<RecordedEvent>.Shared.Return(events.Array!);
    }
}
