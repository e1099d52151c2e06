using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>The stored facts by which an append is validated. They include what is written and not yet published.</summary>
internal readonly struct AppendFacts(EventTable events, RecordTable records) : IAppendFacts
{
    public GlobalPosition Head => GlobalPosition.FromInt64(events.Count);

    public ResumeToken TokenOf(GlobalPosition position) => events.TokenAt((int)position.ToInt64());

    public StoredRecord? FindRecord(RecordKind kind, string key) => records.Find(kind, key);

    public bool TryFindEvent(Guid id, StreamId stream, in LogEvent e, out FoundEvent found)
    {
        var position = events.Find(id, events.Count);
        found = position == 0 ? default : Compare(events[position], stream, e);
        return position != 0;
    }

    public long VersionOf(StreamId stream) => events.VersionOf(stream);

    public GlobalPosition? FindConflict(AppendCondition condition)
    {
        var (query, after) = (condition.FailIfEventsMatch, (int)condition.After.ToInt64());
        var candidates = new QueryCandidates(events, query, events.Count, after + 1, forward: true);
        for (var position = candidates.Next(after + 1); position <= events.Count; position = candidates.Next(position + 1))
            if (!events[position].IsErased() && query.Matches(events[position].Type, events[position].StreamId, events[position].Tags ?? []))
                return GlobalPosition.FromInt64(position);
        return null;
    }

    private static FoundEvent Compare(in RecordedEvent stored, StreamId stream, in LogEvent e) => stored.IsErased()
        ? FoundEvent.OfErased(stored.Position, stored.Version, stored.Data.Span, stream, e)
        : FoundEvent.Of(stored, stream, e);
}
