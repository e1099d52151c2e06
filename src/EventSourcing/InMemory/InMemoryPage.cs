using System.Buffers;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>A page in a pooled array; the events' bytes stay where they are stored.</summary>
internal sealed class InMemoryPage : LogPage
{
    private RecordedEvent[]? _events;
    private int _count;

    internal InMemoryPage(RecordedEvent[]? events, int count, PageBounds bounds, long? next)
    {
        (_events, _count) = (events, count);
        (Head, StreamVersion, Generation) = (GlobalPosition.FromInt64(bounds.Head), bounds.StreamVersion, 1);
        (Next, IsLast) = (next ?? 0, next is null);
    }

    public override ReadOnlySpan<RecordedEvent> Events => _events.AsSpan(0, _count);

    protected override void Dispose(bool disposing)
    {
        if (_events is not { } events) return;
        (_events, var count) = (null, _count);
        _count = 0;
        // The pool must not keep names and payloads alive.
        Array.Clear(events, 0, count);
        ArrayPool<RecordedEvent>.Shared.Return(events);
    }
}
