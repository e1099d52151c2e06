using EventSourcing.Storage;

namespace EventSourcing.Tests.Stranger;

/// <summary>What is stored, in memory, and how it is read. Used under the log's lock.</summary>
internal sealed class JsonLinesState
{
    internal List<RecordedEvent> Events { get; } = [];

    internal Dictionary<Guid, int> Ids { get; } = [];

    /// <summary>The positions of a stream's events.</summary>
    internal Dictionary<StreamId, List<int>> Streams { get; } = [];

    internal Dictionary<(RecordKind Kind, string Key), StoredRecord> Records { get; } = [];

    internal GlobalPosition Head => GlobalPosition.FromInt64(Events.Count);

    internal void Apply(IEnumerable<RecordedEvent> events, IEnumerable<KeyValuePair<(RecordKind Kind, string Key), StoredRecord?>> records)
    {
        foreach (var e in events)
        {
            Events.Add(e);
            Ids.Add(e.Id, Events.Count);
            if (!Streams.TryGetValue(e.StreamId, out var positions)) Streams.Add(e.StreamId, positions = []);
            positions.Add(Events.Count);
        }

        foreach (var (key, record) in records)
        {
            if (record is null) Records.Remove(key);
            else Records[key] = record;
        }
    }

    internal LogPage Read(LogRead read)
    {
        if (TokenComparison.IsNeeded(read.Token, Head)) TokenComparison.ThrowIfOther(read.Token, TokenOf(read.Token.Position.ToInt64()), Head);
        return ReadCompared(read);
    }

    private ResumeToken TokenOf(long position) => position == 0 ? ResumeToken.Start : Events[(int)position - 1].Token;

    private Page ReadCompared(LogRead read) => read switch
    {
        EventRead one => new Page(Ids.TryGetValue(one.EventId, out var position) ? [Events[position - 1]] : [], Head, 0, null, default),
        StreamRead stream => Read(stream, Streams.GetValueOrDefault(stream.StreamId) ?? []),
        AllRead all when all.AfterPosition > Head => throw new PositionOutOfRangeException(all.AfterPosition, Head),
        _ => Read((RangeRead)read, null),
    };

    // The numbers of a read are versions of a stream, whose events lie at these positions, or positions of the log.
    private Page Read(RangeRead read, List<int>? positions)
    {
        var version = positions?.Count ?? 0;
        var (first, last) = read.Within(positions is null ? Events.Count : version);
        var (page, bytes, isForward) = (new List<RecordedEvent>(), 0L, read.Direction == ReadDirection.Forward);
        for (var number = isForward ? first : last; number >= first && number <= last; number += isForward ? 1 : -1)
        {
            if (page.Count == read.MaxCount || bytes >= read.MaxBytes) return new(page, Head, version, number, Token(isForward ? number - 1 : last));
            var e = Events[(positions is null ? (int)number : positions[(int)number - 1]) - 1];
            if (read.Query is { } query && !query.Matches(e.Type, e.StreamId, e.Tags ?? [])) continue;
            page.Add(e);
            bytes += e.Data.Length + e.Metadata.Length;
        }

        return new(page, Head, version, null, Token(first > last && positions is not null ? 0 : last));

        ResumeToken Token(long number) => !read.IncludeToken || number == 0 ? default : TokenOf(positions is null ? number : positions[(int)number - 1]);
    }

    internal List<StoredRecord> ReadRecords(RecordKind kind, string from, string? through, int max)
    {
        var (page, bytes) = (new List<StoredRecord>(), 0L);
        foreach (var record in Records.Where(r => r.Key.Kind == kind).Select(r => r.Value).OrderBy(r => r.Key, RecordKey.Order))
        {
            if (RecordKey.Order.Compare(record.Key, from) < 0) continue;
            if (page.Count == max || bytes >= LogRead.DefaultMaxBytes || (through is not null && RecordKey.Order.Compare(record.Key, through) > 0)) break;
            page.Add(record);
            bytes += record.Value.Length;
        }

        return page;
    }

    /// <summary>Events never change, so a page is a copy of references.</summary>
    private sealed class Page : LogPage
    {
        private RecordedEvent[] _events;

        internal Page(List<RecordedEvent> events, GlobalPosition head, long streamVersion, long? next, ResumeToken token)
        {
            _events = [.. events];
            (Head, StreamVersion, Generation, Next, IsLast, Token) = (head, streamVersion, 1, next ?? 0, next is null, token);
        }

        public override ReadOnlySpan<RecordedEvent> Events => _events;

        protected override void Dispose(bool disposing) => _events = [];
    }
}
