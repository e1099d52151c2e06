using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>What a read examines in one snapshot: positions of the log, or versions of a stream, both ends inclusive.</summary>
internal readonly struct PageBounds
{
    private readonly int[]? _stream;

    internal PageBounds(EventTable events, LogRead read)
    {
        (Head, Generation) = (events.Head, events.Generation);
        Forward = read.Direction == ReadDirection.Forward;
        if (read.EventId is not null) return;
        if (read.Stream is { } stream)
        {
            _stream = events.FindStream(stream)?.Items ?? [];
            StreamVersion = PositionList.CountThrough(_stream, Head);
        }

        var last = _stream is null ? Head : StreamVersion;
        if (Forward && _stream is null && read.From > Head + 1L)
            throw new LogTruncatedException(GlobalPosition.FromInt64(read.From - 1), GlobalPosition.FromInt64(Head));
        First = Forward ? (int)Math.Clamp(read.From, 1, last + 1L) : read.From == 0 ? last : (int)Math.Min(read.From, last);
        Last = Forward ? read.Through == 0 ? last : (int)Math.Min(read.Through, last) : (int)Math.Clamp(read.Through, 1, last + 1L);
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

    internal int PositionOf(int number) => _stream is null ? number : _stream[number - 1];
}
