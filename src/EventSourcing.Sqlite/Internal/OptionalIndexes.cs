namespace EventSourcing.Sqlite.Internal;

/// <summary>The indexes of es_events that a log has only when it is asked for.</summary>
internal static class OptionalIndexes
{
    private const string Type = "es_events_type", Correlation = "es_events_correlation";

    internal static List<EventIndex> Read(Database database)
    {
        var indexes = new List<EventIndex>();
        using var rows = database.PrepareOnce(Sql.Indexes);
        while (rows.Step())
            if (rows.Text(0) is var name && name is Type or Correlation) indexes.Add(name == Type ? EventIndex.Type : EventIndex.Correlation);
        indexes.Sort();
        return indexes;
    }

    /// <summary>Adds an index; false when it is there. Inside the writer's transaction.</summary>
    internal static bool Add(Database database, EventIndex index)
    {
        if (Read(database).Contains(index)) return false;
        database.Execute(index == EventIndex.Type
            ? $"CREATE INDEX {Type} ON es_events (type)"
            : $"CREATE INDEX {Correlation} ON es_events (correlation) WHERE correlation IS NOT NULL");
        return true;
    }
}
