using System.Globalization;

namespace EventSourcing.Sqlite.Internal;

/// <summary>What a file has of the log's schema, held against what it should have: every object by type, name and text.</summary>
/// <remarks>What is expected comes from SQLite itself: the scripts run in a database in memory, with the file's limit and promoted fields. So there is one source of the schema.</remarks>
internal sealed class SchemaInventory
{
    private SchemaInventory(List<SchemaObject> missing, List<SchemaObject> altered, List<SchemaObject> foreign) => (Missing, Altered, Foreign) = (missing, altered, foreign);

    /// <summary>Objects of the schema that are not there, with the text that makes them, each after what it needs.</summary>
    internal IReadOnlyList<SchemaObject> Missing { get; }

    /// <summary>Objects that have a name of the schema's and are something else, as they were found.</summary>
    internal IReadOnlyList<SchemaObject> Altered { get; }

    /// <summary>Indexes and triggers on the log's tables and view that are none of the log's, as they were found.</summary>
    internal IReadOnlyList<SchemaObject> Foreign { get; }

    /// <summary>Takes stock. Reads in one snapshot: what others change meanwhile, settings and view together, is seen together.</summary>
    internal static SchemaInventory Of(Database database) => database.InSnapshot(() => Compare(database));

    /// <summary>Every object that was made by a statement, in the order in which they were made. What SQLite makes by itself, for UNIQUE and PRIMARY KEY, has no text.</summary>
    internal static List<SchemaObject> Read(Database database)
    {
        var objects = new List<SchemaObject>();
        database.ForEach(Sql.SchemaObjects, row => objects.Add(new(row.Text(0), row.Text(1), row.Text(2), row.Text(3))));
        return objects;
    }

    private static SchemaInventory Compare(Database database)
    {
        var found = Read(database);
        var there = found.ToDictionary(o => o.Key);
        var expected = Expected(database, there);
        var (missing, altered) = (new List<SchemaObject>(), new List<SchemaObject>());
        foreach (var o in expected)
        {
            if (!there.TryGetValue(o.Key, out var other)) missing.Add(o);
            else if (!o.IsSameAs(other)) altered.Add(other);
        }

        var tables = expected.Where(o => o.Type is "table" or "view").Select(o => o.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var known = expected.Select(o => o.Key).ToHashSet();
        return new(missing, altered, found.FindAll(o => o.Type is "index" or "trigger" && tables.Contains(o.Table) && !known.Contains(o.Key)));
    }

    private static List<SchemaObject> Expected(Database database, Dictionary<(bool IsTrigger, string Name), SchemaObject> there)
    {
        using var memory = Database.InMemory();
        memory.ExecuteScript(SchemaVersion.Script("001.sql"));
        var limit = HasTable("ES_LOG") ? EventsView.Limit(database) : 0;
        memory.Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO es_log (name, value) VALUES ('event_bytes', {limit})"));
        foreach (var name in HasTable("ES_PROMOTED") ? EventsView.Promoted(database) : [])
            if (EventsView.IsValid(name)) EventsView.Add(memory, name);
        EventsView.Create(memory);
        memory.ExecuteScript(SchemaVersion.Script("guards.sql"));
        foreach (var index in OptionalIndexes.Objects)
            if (there.ContainsKey(index.Key)) memory.Execute(index.Sql);
        return Read(memory);

        bool HasTable(string name) => there.TryGetValue((false, name), out var o) && o.Type == "table";
    }
}
