using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Compares what a file has of the log's tables, indexes, triggers and view with what this library would have made with the same settings.</summary>
/// <remarks>What is expected comes from SQLite itself: the scripts run in a database in memory, with the file's limit and promoted fields. So there is one source of the schema.</remarks>
internal static class SchemaInventory
{
    internal enum DifferenceKind
    {
        /// <summary>An object of the log is not there.</summary>
        Missing,

        /// <summary>An object of the log's name is there, and it is another one.</summary>
        Altered,

        /// <summary>An object that the library does not make lies on a table of the log.</summary>
        Foreign,
    }

    /// <summary>One object of sqlite_schema: table, index, view or trigger.</summary>
    internal sealed record SchemaObject(string Type, string Name, string Table, string Sql);

    /// <summary>One difference. <paramref name="Found"/> is null for what is missing, <paramref name="Expected"/> for what is foreign.</summary>
    internal sealed record Difference(DifferenceKind Kind, SchemaObject? Expected, SchemaObject? Found)
    {
        internal VerificationFinding ToFinding() => Kind switch
        {
            DifferenceKind.Missing => new("it is missing", Place(Expected!)),
            DifferenceKind.Altered => new("it is not what the library made", Place(Expected!)),
            _ => new($"it lies on '{Found!.Table}' and the library did not make it", Place(Found!)),
        };

        private static string Place(SchemaObject o) => $"{o.Type} {o.Name}";
    }

    /// <summary>Every difference: tables first, then the view, indexes and triggers, each in the order in which the library makes them; foreign ones last.</summary>
    internal static List<Difference> Compare(Database database)
    {
        if (!database.IsAutoCommit) return CompareInSnapshot(database);
        // What others change meanwhile, settings and view together, is seen together.
        database.Execute("BEGIN");
        try
        {
            return CompareInSnapshot(database);
        }
        finally
        {
            // An error may have ended it already.
            if (!database.IsAutoCommit) database.Execute("ROLLBACK");
        }
    }

    private static List<Difference> CompareInSnapshot(Database database)
    {
        var found = Read(database);
        var expected = Expected(database, found);
        var differences = new List<Difference>();
        foreach (var o in expected)
        {
            if (!found.Remove(o.Name, out var there)) differences.Add(new(DifferenceKind.Missing, o, null));
            else if (!IsSame(o, there)) differences.Add(new(DifferenceKind.Altered, o, there));
        }

        differences.Sort(static (a, b) => Rank(a.Expected!.Type).CompareTo(Rank(b.Expected!.Type)));
        var tables = expected.Where(o => o.Type is "table" or "view").Select(o => o.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        differences.AddRange(found.Values.Where(o => IsForeign(o, tables)).Select(o => new Difference(DifferenceKind.Foreign, null, o)));
        return differences;
    }

    /// <summary>Makes anew what is missing or altered and holds no data: view, triggers and indexes. Inside the writer's transaction.</summary>
    /// <param name="database">The writer's connection.</param>
    /// <param name="rules">The types whose tag rules were stored before.</param>
    internal static Repair Repair(Database database, IEnumerable<string> rules)
    {
        var (repaired, tried) = (rules.Select(TagRuleSet.Finding).ToList(), new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        while (true)
        {
            var differences = Compare(database);
            // The view's triggers go with it, so that what is left to do is known only after it.
            var next = differences.Find(d => d.Expected is { } expected && tried.Add(expected.Name));
            if (next is null) return new(repaired, [.. differences.Select(d => d.ToFinding())]);
            if (TryMake(database, next)) repaired.Add(next.ToFinding());
        }
    }

    private static bool TryMake(Database database, Difference difference)
    {
        var (expected, found) = (difference.Expected!, difference.Found);
        if (expected.Type == "table" || found?.Type == "table" || !IsThere(database, expected)) return false;
        // Isolated by itself: an index that cannot be built leaves the one that was there.
        database.Execute("SAVEPOINT es_repair");
        try
        {
            if (found is not null) database.Execute($"DROP {found.Type} {Identifier(found.Name)}");
            database.Execute(expected.Sql);
            database.Execute("RELEASE es_repair");
            return true;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Native.Constraint || SqliteErrors.IsDamage(e))
        {
            database.Execute("ROLLBACK TO es_repair");
            database.Execute("RELEASE es_repair");
            return false;
        }
    }

    // An index or a trigger needs the table that it is for.
    private static bool IsThere(Database database, SchemaObject expected) => expected.Type == "view" || Read(database).ContainsKey(expected.Table);

    private static bool IsSame(SchemaObject expected, SchemaObject found) =>
        expected.Type == found.Type && expected.Table.Equals(found.Table, StringComparison.OrdinalIgnoreCase) && Text(expected.Sql) == Text(found.Sql);

    // The scripts' line ends are those of the machine that built the library.
    private static string Text(string sql) => sql.Replace("\r\n", "\n", StringComparison.Ordinal);

    // An index that is not unique refuses nothing and changes nothing; a trigger runs with what is inserted, and may do anything.
    private static bool IsForeign(SchemaObject o, HashSet<string> tables) =>
        tables.Contains(o.Table) && !tables.Contains(o.Name)
        && (o.Type == "trigger" || (o.Type == "index" && o.Sql.StartsWith("CREATE UNIQUE", StringComparison.OrdinalIgnoreCase)));

    private static int Rank(string type) => type switch
    {
        "table" => 0,
        "view" => 1,
        "index" => 2,
        _ => 3,
    };

    private static List<SchemaObject> Expected(Database database, Dictionary<string, SchemaObject> found)
    {
        using var memory = Database.InMemory();
        memory.ExecuteScript(SchemaVersion.Script("001.sql"));
        memory.Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO es_log (name, value) VALUES ('event_bytes', {Has("es_log", () => EventsView.Limit(database), 0)})"));
        foreach (var name in Has("es_promoted", () => EventsView.Promoted(database), []))
            if (EventsView.IsValid(name)) EventsView.Add(memory, name);
        EventsView.Create(memory);
        memory.ExecuteScript(SchemaVersion.Script("guards.sql"));
        foreach (var index in OptionalIndexes.All)
            if (found.ContainsKey(index.Name)) memory.Execute(index.Sql);
        var expected = Read(memory).Values.ToList();
        foreach (var (name, table, sql) in Has("es_captures", () => TableCaptures.Triggers(database), [])) expected.Add(new("trigger", name, table, sql));
        return expected;

        T Has<T>(string table, Func<T> read, T otherwise) => found.TryGetValue(table, out var o) && o.Type == "table" ? read() : otherwise;
    }

    private static Dictionary<string, SchemaObject> Read(Database database)
    {
        var objects = new Dictionary<string, SchemaObject>(StringComparer.OrdinalIgnoreCase);
        // What SQLite makes by itself, for UNIQUE and PRIMARY KEY, has no text.
        database.ForEach("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid", row =>
            objects[row.Text(1)] = new(row.Text(0), row.Text(1), row.Text(2), row.Text(3)));
        return objects;
    }

    private static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
