using System.Runtime.InteropServices;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Inserts the events of validated appends, and tracks the position and time of the next event. Used by one thread at a time.</summary>
internal sealed class EventInserter(StreamHeads heads, EventWriter events)
{
    private long _nextPosition;
    private ResumeToken _last;

    // One for each transaction: the events of one commit have one timestamp. It never falls.
    private long _timestamp;

    /// <summary>The last position given, as of this transaction or, after it, of its commit.</summary>
    internal long Head { get; private set; }

    /// <summary>Position and id of the first event inserted in this transaction; null when there is none.</summary>
    internal (long Position, Guid Id)? First { get; set; }

    /// <summary>A transaction begins.</summary>
    /// <param name="now">The clock's time, in microseconds since 1970.</param>
    internal void Begin(long now)
    {
        First = null;
        _timestamp = Math.Max(now, _timestamp);
    }

    /// <summary>Continues after the last stored event.</summary>
    /// <param name="head">The last position stored.</param>
    /// <param name="timestamp">The time of the next event, in microseconds since 1970.</param>
    internal void ContinueAfter(long head, long timestamp)
    {
        Numbering.ThrowIfNoPosition(head);
        (Head, _nextPosition, _timestamp) = (head, head + 1, timestamp);
    }

    /// <summary>The id that the log gives to an event of this transaction.</summary>
    internal Guid IdAt(long position) => events.IdAt(position, _timestamp);

    internal AppendResult Insert(LogAppend append)
    {
        var writes = append.Writes.Span;
        var first = _nextPosition;
        if (writes.Length == 1) return new(Insert(writes[0]), GlobalPosition.FromInt64(first), _last, false);
        var ranges = new StreamRange[writes.Length];
        for (var i = 0; i < writes.Length; i++) ranges[i] = Insert(writes[i]);
        return new(ImmutableCollectionsMarshal.AsImmutableArray(ranges), GlobalPosition.FromInt64(first), _last, false);
    }

    private StreamRange Insert(in StreamWrite write)
    {
        if (write.Events.IsEmpty)
        {
            var version = heads.Of(write.StreamId).Version;
            return new(write.StreamId, version + 1, version, 0);
        }

        var stream = heads.ToWrite(write.StreamId);
        var first = stream.Version + 1;
        foreach (ref readonly var e in write.Events.Span)
        {
            _last = events.Write(e, _nextPosition, stream.Id, stream.Version + 1, _timestamp);
            First ??= (_nextPosition, _last.EventId);
            stream.Version++;
            Head = _nextPosition++;
        }

        return new(write.StreamId, first, stream.Version, write.Events.Length);
    }
}
