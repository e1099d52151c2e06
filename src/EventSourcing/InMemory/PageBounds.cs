using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>The range that a read examines in one snapshot: positions of the log, or versions of a stream, both ends inclusive.</summary>
internal readonly struct PageBounds
{
    private readonly int[]? _stream;

    internal PageBounds(EventTable events, LogRead read, int last)
    {
        (Head, Generation) = (last, events.Generation);
        var head = GlobalPosition.FromInt64(Head);
        if (TokenComparison.IsNeeded(read.Token, head)) TokenComparison.ThrowIfOther(read.Token, events.TokenAt((int)read.Token.Position.ToInt64()), head);
        if (read is not RangeRead range) return;
        if (range is StreamRead stream)
        {
            _stream = events.FindStream(stream.StreamId)?.Items ?? [];
            StreamVersion = PositionList.CountThrough(_stream, Head);
        }
        else if (range is AllRead all && all.AfterPosition.ToInt64() > Head)
        {
            throw new PositionOutOfRangeException(all.AfterPosition, head);
        }

        Forward = range.Direction == ReadDirection.Forward;
        var (low, high) = range.Within(_stream is null ? Head : StreamVersion);
        (First, Last) = Forward ? ((int)low, (int)high) : ((int)high, (int)low);
    }

    internal int Head { get; }

    internal int Generation { get; }

    internal bool Forward { get; }

    internal int StreamVersion { get; }

    internal int First { get; }

    internal int Last { get; }

    internal bool IsStream => _stream is not null;

    internal int Size => Math.Max(0, Forward ? Last - First + 1 : First - Last + 1);

    internal bool Contains(int number) => Forward ? number <= Last : number >= Last;

    /// <summary>The highest number that a page examined; another page may follow it, or none.</summary>
    internal int HighestExamined(int? next) => !Forward ? First : next is { } number ? number - 1 : Last;

    internal int PositionOf(int number) => _stream is null ? number : _stream[number - 1];
}
