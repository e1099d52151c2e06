using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>The positions to examine for a query: the union of each item's smallest index, or every position if an item has none.</summary>
internal struct QueryCandidates
{
    private readonly bool _forward;
    private readonly Cursor[]? _cursors;

    /// <summary>The candidates up to a head.</summary>
    internal QueryCandidates(EventTable events, LogQuery? query, int head, int from, bool forward)
    {
        _forward = forward;
        // Examining a few events is faster than using their indexes.
        const int few = 16;
        if (query is null || query.IsAll || (forward && head - from < few)) return;
        var cursors = new List<Cursor>(query.Items.Count);
        foreach (var item in query.Items) Add(cursors, events, item, head, from);
        _cursors = [.. cursors];
    }

    /// <summary>The first candidate at or beyond a position in the direction of the read; <see cref="int.MaxValue"/> or 0 past the last.</summary>
    internal readonly int Next(int position)
    {
        if (_cursors is null) return position;
        var next = _forward ? int.MaxValue : 0;
        foreach (ref var cursor in _cursors.AsSpan())
            next = _forward ? Math.Min(next, cursor.Forward(position)) : Math.Max(next, cursor.Backward(position));
        return next;
    }

    private readonly void Add(List<Cursor> cursors, EventTable events, LogQueryItem item, int head, int from)
    {
        if (item.Tags.Count == 0 && item.Stream is null && item.Types.Count > 0)
        {
            foreach (var type in item.Types) cursors.Add(new(events.FindType(type), head, from, _forward));
            return;
        }

        Cursor? smallest = item.Stream is { } stream ? new(events.FindStream(stream), head, from, _forward) : null;
        for (var i = 0; i < item.Tags.Count; i++)
        {
            var cursor = new Cursor(events.FindTag(item.Tags[i]), head, from, _forward);
            if (smallest is not { } s || cursor.Remaining < s.Remaining) smallest = cursor;
        }

        cursors.Add(smallest ?? new Cursor(from));
    }

    private struct Cursor
    {
        // Null for every position: an item with only a category has no index.
        private readonly int[]? _items;
        private readonly int _count;
        private int _index;

        internal Cursor(int from) => Remaining = from;

        internal Cursor(PositionList? list, int head, int from, bool forward)
        {
            _items = list?.Items ?? [];
            _count = PositionList.CountThrough(_items, head);
            _index = forward ? Math.Min(_count, PositionList.CountThrough(_items, from - 1)) : Math.Min(_count, PositionList.CountThrough(_items, from)) - 1;
            Remaining = forward ? _count - _index : _index + 1;
        }

        internal int Remaining { get; }

        internal int Forward(int position)
        {
            if (_items is null) return position;
            while (_index < _count && _items[_index] < position) _index++;
            return _index < _count ? _items[_index] : int.MaxValue;
        }

        internal int Backward(int position)
        {
            if (_items is null) return position;
            while (_index >= 0 && _items[_index] > position) _index--;
            return _index >= 0 ? _items[_index] : 0;
        }
    }
}
