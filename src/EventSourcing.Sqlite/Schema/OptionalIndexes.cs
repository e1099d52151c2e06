using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Schema;

/// <summary>The indexes of es_events that a log has only when it is asked for.</summary>
internal static class OptionalIndexes
{
    private static readonly (EventIndex Index, string Name, string On)[] s_all =
    [
        (EventIndex.Type, "es_events_type", "(type)"),
        (EventIndex.Correlation, "es_events_correlation", "(correlation) WHERE correlation IS NOT NULL"),
        (EventIndex.Causation, "es_events_causation", "(causation) WHERE causation IS NOT NULL"),
    ];

    /// <summary>All that there can be.</summary>
    internal static IEnumerable<SchemaObject> Objects => s_all.Select(i => SchemaObject.Made(Statement(i.Name, i.On)));

    internal static List<EventIndex> Read(Database database)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var rows = database.PrepareOnce(Sql.Indexes);
        while (rows.Step()) names.Add(rows.Text(0));
        return [.. s_all.Where(i => names.Contains(i.Name)).Select(i => i.Index)];
    }

    /// <summary>Adds an index; false when it is there. Inside the writer's transaction.</summary>
    internal static bool Add(Database database, EventIndex index)
    {
        if (Read(database).Contains(index)) return false;
        var (_, name, on) = Array.Find(s_all, i => i.Index == index);
        database.Execute(Statement(name, on));
        return true;
    }

    private static string Statement(string name, string on) => $"CREATE INDEX {name} ON es_events {on}";
}
