using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>What the log knows about an append, as the writer's transaction sees it.</summary>
internal readonly struct AppendFacts(WriteTransaction transaction, StreamHeads heads, EventIds ids, ConditionCheck conditions) : IAppendFacts
{
    public GlobalPosition Head => GlobalPosition.FromInt64(transaction.Head);

    public ResumeToken TokenOf(GlobalPosition position) => transaction.TokenAt(position.ToInt64());

    public StoredRecord? FindRecord(RecordKind kind, string key) => transaction.Records.TryGet(kind, key, out var record) ? record : null;

    public bool TryFindEvent(Guid id, StreamId stream, in LogEvent e, out FoundEvent found) => ids.TryFind(id, transaction.Head, stream, e, out found);

    public long VersionOf(StreamId stream) => heads.Of(stream).Version;

    public GlobalPosition? FindConflict(AppendCondition condition)
    {
        var conflict = conditions.FirstConflict(condition, transaction.Head);
        return conflict == 0 ? null : GlobalPosition.FromInt64(conflict);
    }
}
