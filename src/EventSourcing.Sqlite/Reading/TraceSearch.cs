using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;

namespace EventSourcing.Sqlite.Reading;

/// <summary>Finds the events of one operation by the indexes of correlation and causation.</summary>
internal static class TraceSearch
{
    /// <summary>The oldest events through a head, ascending; null when an index is not there.</summary>
    internal static List<GlobalPosition>? Find(Database database, string id, GlobalPosition? first, int max, GlobalPosition head, CancellationToken cancellationToken)
    {
        if (OptionalIndexes.Read(database) is var indexes && !(indexes.Contains(EventIndex.Correlation) && indexes.Contains(EventIndex.Causation))) return null;
        using var idOf = database.PrepareOnce(Sql.IdAt);
        using var byCorrelation = database.PrepareOnce(Sql.TraceByCorrelation);
        using var byCausation = database.PrepareOnce(Sql.TraceByCausation);
        var found = new List<GlobalPosition>();
        // An event's effects have higher positions than the event, so the lowest known position is always the next one.
        var known = new SortedSet<long>();
        if (first is { } one)
        {
            known.Add(one.ToInt64());
        }
        else
        {
            Add(byCorrelation, id, 0);
            Add(byCausation, id, 0);
        }

        while (known.Count > 0 && found.Count < max)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var position = known.Min;
            known.Remove(position);
            found.Add(GlobalPosition.FromInt64(position));
            if (!idOf.Bind(1, position).Step()) continue;
            var bytes = idOf.Bytes(0);
            if (bytes.Length != 16) throw new StoreCorruptException("the event is not what was stored: its id does not take 16 bytes", $"position {position}");
            var eventId = new Guid(bytes, bigEndian: true).ToString();
            idOf.Reset();
            Add(byCausation, eventId, position);
        }

        return found;

        void Add(Statement statement, string value, long after)
        {
            statement.Bind(1, value).Bind(2, after).Bind(3, head.ToInt64()).Bind(4, max);
            while (statement.Step()) known.Add(statement.Int64(0));
            statement.Reset();
        }
    }
}
