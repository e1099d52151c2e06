namespace EventSourcing.InMemory;

/// <summary>Ascending positions of events, written under the writer's lock and read without one.</summary>
/// <remarks>
/// A reader first reads the published head, then calls <see cref="CountThrough"/>. Slots up to that head were written before
/// it was published. Every other slot is 0 or above the head at any time, so readers and the writer share no count.
/// </remarks>
internal class PositionList
{
    private int[] _items = [];

    internal int Count { get; private set; }

    internal int[] Items => _items;

    internal void Add(int position)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Math.Max(4, Count * 2));
        _items[Count++] = position;
    }

    internal void RemoveLast() => _items[--Count] = 0;

    /// <summary>The number of <paramref name="items"/> at or before a head.</summary>
    internal static int CountThrough(int[] items, int head)
    {
        var (low, high) = (0, items.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            // As an unsigned number, 0 (an empty slot) minus 1 is the largest and so above any head.
            if ((uint)(items[middle] - 1) < (uint)head) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}

/// <summary>The events of a stream.</summary>
internal sealed class StreamIndex(StreamId id) : PositionList
{
    internal StreamId Id { get; } = id;
}

/// <summary>The events of a type; its name is stored once.</summary>
internal sealed class TypeIndex(string name) : PositionList
{
    internal string Name { get; } = name;
}

/// <summary>The events with a tag.</summary>
internal sealed class TagIndex : PositionList;
