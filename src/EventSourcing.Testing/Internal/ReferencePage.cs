using EventSourcing.Storage;

namespace EventSourcing.Testing.Internal;

/// <summary>A page of a <see cref="ReferenceLog"/>: the events that a read selects from one state.</summary>
internal sealed class ReferencePage : LogPage
{
    private RecordedEvent[] _events;

    private ReferencePage(ReferenceState state, RecordedEvent[] events, long streamVersion, long? next, ResumeToken token)
    {
        _events = events;
        (Head, StreamVersion, Generation) = (state.Head, streamVersion, 1);
        (Next, IsLast, Token) = (next ?? 0, next is null, token);
    }

    public override ReadOnlySpan<RecordedEvent> Events => _events;

    internal static LogPage Read(ReferenceState state, LogRead read)
    {
        if (TokenComparison.IsNeeded(read.Token, state.Head)) TokenComparison.ThrowIfOther(read.Token, state.TokenAt(read.Token.Position.ToInt64()), state.Head);
        return read switch
        {
            EventRead one => new ReferencePage(state, [.. state.Events.Where(e => e.Id == one.EventId)], 0, null, default),
            StreamRead stream => Read(state, stream, [.. state.EventsOf(stream.StreamId)], isStream: true),
            AllRead all when all.AfterPosition > state.Head => throw new PositionOutOfRangeException(all.AfterPosition, state.Head),
            _ => Read(state, (RangeRead)read, [.. state.Events], isStream: false),
        };
    }

    /// <summary>Reads a range of numbers: of versions in the events of a stream, or of positions in all events. The event with number n has index n - 1.</summary>
    private static ReferencePage Read(ReferenceState state, RangeRead read, RecordedEvent[] events, bool isStream)
    {
        var (low, high) = read.Within(events.Length);
        var isForward = read.Direction == ReadDirection.Forward;
        var (page, bytes, step) = (new List<RecordedEvent>(), 0, isForward ? 1 : -1);
        var number = isForward ? low : high;
        for (; number >= low && number <= high && page.Count < read.MaxCount && bytes < read.MaxBytes; number += step)
        {
            var e = events[number - 1];
            if (read.Query?.Matches(e.Type, e.StreamId, e.Tags ?? []) == false) continue;
            page.Add(e);
            bytes += e.Data.Length + e.Metadata.Length;
        }

        long? next = number >= low && number <= high ? number : null;
        var highest = isForward && next is not null ? number - 1 : high;
        var token = !read.IncludeToken || (isStream && low > high) ? default : highest == 0 ? ResumeToken.Start : events[highest - 1].Token;
        return new(state, [.. page], isStream ? events.Length : 0, next, token);
    }

    protected override void Dispose(bool disposing) => _events = [];
}
