namespace EventSourcing.InMemory;

/// <summary>Ascending positions of events, written under the writer's lock and read without one.</summary>
/// <remarks>
/// A reader first takes the published head, then calls <see cref="CountThrough"/>. Slots up to that head were written before
/// it was published; every other slot is 0 or lies above it, whatever the writer does meanwhile, so no count is shared.
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

    /// <summary>How many of <paramref name="items"/> lie at or before a head.</summary>
    internal static int CountThrough(int[] items, int head)
    {
        var (low, high) = (0, items.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            // 0, an empty slot, turns into the largest number and so counts as above any head.
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

/// <summary>The events of a type; its name is kept once.</summary>
internal sealed class TypeIndex(string name) : PositionList
{
    internal string Name { get; } = name;
}

/// <summary>The events with a tag.</summary>
internal sealed class TagIndex : PositionList;
