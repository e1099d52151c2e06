using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Finds the first event that trips an append condition.</summary>
internal sealed class ConditionCheck(Database database, TagIndex index, NameTable streams, NameTable types, NameTable tags)
{
    private readonly Statement _tagRange = database.Prepare(Sql.TagRange);
    private readonly Statement _kinds = database.Prepare(Sql.Kinds);
    private readonly Statement _kindsAfter = database.Prepare(Sql.KindsAfter);
    private readonly Statement _streamBackward = database.Prepare(Sql.StreamBackward);

    /// <summary>The lowest position after the condition's that matches; 0 when there is none.</summary>
    internal long FirstConflict(AppendCondition condition, long head) =>
        FirstConflict(CompiledQuery.Compile(condition.FailIfEventsMatch, streams, types, tags), condition.After.ToInt64(), head);

    private long FirstConflict(CompiledQuery query, long after, long head)
    {
        if (after >= head || query.MatchesNone) return 0;
        if (query.MatchesAll) return ScanFor(null, after, head);
        var lowest = 0L;
        foreach (var item in query.Items)
        {
            var limit = lowest == 0 ? head : lowest - 1;
            var found = item.Tags.Length == 1 ? ScanTag(item, after, limit)
                : item.Tags.Length > 1 ? SeekByTags(item, after, limit)
                : item.Stream != 0 ? SeekInStream(item, after, limit)
                : ScanFor(item, after, limit);
            if (found != 0) lowest = found;
        }

        return lowest;
    }

    // The rows of one tag are adjacent and contain the type. Only a condition on the stream has to read the event.
    private long ScanTag(CompiledQuery.Item item, long after, long limit)
    {
        _tagRange.Bind(1, item.Tags[0]).Bind(2, after + 1).Bind(3, limit);
        try
        {
            while (_tagRange.Step())
            {
                var position = _tagRange.Int64(0);
                if (item.MatchesType(_tagRange.Int64(1)) && (!item.DemandsStream || MatchesKind(item, position))) return position;
            }
        }
        finally
        {
            _tagRange.Reset();
        }

        return 0;
    }

    private bool MatchesKind(CompiledQuery.Item item, long position)
    {
        if (!_kinds.Bind(1, position).Step()) return false;
        var (stream, type) = (_kinds.Int64(0), _kinds.Int64(1));
        _kinds.Reset();
        return item.MatchesKind(stream, type, streams);
    }

    private long SeekByTags(CompiledQuery.Item item, long after, long limit)
    {
        for (var position = index.Next(item.Tags, after + 1, ReadDirection.Forward); position != 0 && position <= limit; position = index.Next(item.Tags, position + 1, ReadDirection.Forward))
        {
            if (MatchesKind(item, position)) return position;
        }

        return 0;
    }

    // Backwards from the stream's end, so that the cost is what was stored after the decision's head.
    private long SeekInStream(CompiledQuery.Item item, long after, long limit)
    {
        var lowest = 0L;
        _streamBackward.Bind(1, 0).Bind(2, long.MaxValue).Bind(3, item.Stream);
        try
        {
            while (_streamBackward.Step() && _streamBackward.Int64(0) is var position && position > after)
                if (position <= limit && item.MatchesKind(item.Stream, _streamBackward.Int64(3), streams)) lowest = position;
        }
        finally
        {
            _streamBackward.Reset();
        }

        return lowest;
    }

    private long ScanFor(CompiledQuery.Item? item, long after, long limit)
    {
        _kindsAfter.Bind(1, after);
        try
        {
            while (_kindsAfter.Step() && _kindsAfter.Int64(0) is var position && position <= limit)
                if (item is null || item.MatchesKind(_kindsAfter.Int64(1), _kindsAfter.Int64(2), streams)) return position;
        }
        finally
        {
            _kindsAfter.Reset();
        }

        return 0;
    }
}
