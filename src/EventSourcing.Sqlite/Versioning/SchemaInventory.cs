using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.OpenLog;
using EventSourcing.Sqlite.Schema;

namespace EventSourcing.Sqlite.Versioning;

/// <summary>What a file has of the log's schema, held against what it should have: every object by type, name and text.</summary>
/// <remarks>
/// The text of a table, an index or a view is code that SQLite runs: in place of a table, a view that has no end blocks every reader, and an index on an expression runs with every append.
/// So nothing of the log is read before its own object is known to be ours. Every schema keeps the text of <c>es_log</c>, which holds the number.
/// </remarks>
internal sealed class SchemaInventory
{
    private const string CapturePrefix = "es_capture_";

    private static readonly IReadOnlyList<SchemaObject> s_tables = SchemaScripts.TablesOf(SchemaScripts.Newest);
    private static readonly IReadOnlyList<SchemaObject> s_guards = [.. SchemaObject.Parse(SchemaScripts.Read("guards.sql"))];
    private static readonly SchemaObject s_facts = s_tables.Single(o => o.Name == "es_log");
    private static readonly SchemaObject s_promoted = s_tables.Single(o => o.Name == "es_promoted");

    private SchemaInventory(IReadOnlyList<SchemaObject> missing, IReadOnlyList<SchemaObject> altered, IReadOnlyList<SchemaObject> foreign) =>
        (Missing, Altered, Foreign) = (missing, altered, foreign);

    /// <summary>Objects of the schema that are not there, with the text that makes them. The view, its triggers and the guards can be created again from it, in this order; the rows of tables are lost.</summary>
    internal IReadOnlyList<SchemaObject> Missing { get; }

    /// <summary>Objects that have a name of the schema's and are something else, as they were found.</summary>
    internal IReadOnlyList<SchemaObject> Altered { get; }

    /// <summary>Indexes and triggers on the log's tables and view that are none of the log's, as they were found.</summary>
    internal IReadOnlyList<SchemaObject> Foreign { get; }

    /// <summary>False when other objects stand in the place of the log's tables and indexes: reading would run their code.</summary>
    internal bool IsSafeToRead => !Altered.Concat(Foreign).Any(o => o.Type != "trigger" && !o.Name.Equals("events", StringComparison.OrdinalIgnoreCase));

    /// <summary>Takes stock. Reads in one snapshot.</summary>
    internal static SchemaInventory Of(Database database) => database.InSnapshot(() =>
    {
        var found = Found(database);
        var expected = new List<SchemaObject>([.. s_tables, .. s_guards]);
        var optional = new List<SchemaObject>(OptionalIndexes.Objects);
        // What depends on what the file says can be known only where that can be read.
        var isReadable = HasExactly(found, s_facts) && HasExactly(found, s_promoted);
        if (isReadable) expected.AddRange(EventsView.Objects(database));
        return Compare(found, expected, optional, isReadable);
    });

    /// <summary>Lists the tables and indexes of a log of an older schema. Its view and its guards are known by their names only, because the migration makes them again.</summary>
    internal static SchemaInventory OfOlder(Database database, int schema)
    {
        var tables = SchemaScripts.TablesOf(schema);
        var isKnown = s_guards.Concat(EventsView.Objects([], 0)).Select(o => o.Key).ToHashSet();
        foreach (var table in tables)
            foreach (var what in (string[])["INSERT", "UPDATE", "DELETE"]) isKnown.Add((true, $"{table.Name}_{what}".ToUpperInvariant()));
        var promoted = EventsView.Objects(database).Where(o => o.Type == "index");
        return Compare(Found(database).FindAll(o => !isKnown.Contains(o.Key)), [.. tables, .. promoted], [.. OptionalIndexes.Objects], isComplete: true);
    }

    /// <summary>The triggers on the tables that a log of a schema has.</summary>
    internal static List<SchemaObject> TriggersOf(Database database, int schema)
    {
        var tables = SchemaScripts.TablesOf(schema).Where(o => o.Type == "table").Select(o => o.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return SchemaObject.ReadAll(database).FindAll(o => o.Type == "trigger" && tables.Contains(o.Table));
    }

    /// <summary>Refuses a file whose facts, the schema's number among them, are kept in something else than the log's table.</summary>
    /// <exception cref="StoreSchemaException">They are.</exception>
    internal void ThrowIfFactsUnreadable(string path)
    {
        if (Altered.FirstOrDefault(o => o.Key == s_facts.Key) is { } altered) throw Another(path, altered);
    }

    /// <summary>Refuses what is not the log's schema. The view and the guards may be missing: nothing that is read or appended here needs them.</summary>
    /// <exception cref="StoreSchemaException">A table or an index of the log's is missing or another, or there is an index or a trigger on a table of the log's that is none of the log's.</exception>
    internal void ThrowIfWrong(string path)
    {
        if (Altered is [var altered, ..]) throw Another(path, altered);
        if (Missing.FirstOrDefault(IsEssential) is { } missing) throw Refused(path, $"its {missing} is missing{WayOut(missing)}", missing);
        if (Foreign is [var foreign, ..])
            throw Refused(path, $"the {foreign} on '{foreign.Table}' is none of the log's, and would run with its reads and appends; drop it (DROP {foreign.Type.ToUpperInvariant()})", foreign);
    }

    /// <summary>Refuses a database without a log that has objects of the log's names. Reads in one snapshot.</summary>
    /// <exception cref="StoreSchemaException">There is such an object.</exception>
    internal static void RefuseNamesakes(Database database, string path)
    {
        var ours = s_tables.Concat(s_guards).Concat(OptionalIndexes.Objects).Concat(EventsView.Objects([], 0)).Select(o => o.Key).ToHashSet();
        if (Found(database).Find(o => ours.Contains(o.Key)) is { } other)
            throw new StoreSchemaException($"'{path}' has a {other}, which is a name of the log's. Nothing was changed; rename it, or keep the log in a file of its own.", other.ToString(), SchemaScripts.Newest);
    }

    private static SchemaInventory Compare(List<SchemaObject> found, List<SchemaObject> expected, List<SchemaObject> optional, bool isComplete)
    {
        var known = expected.Concat(optional).ToDictionary(o => o.Key);
        var tables = expected.Where(o => o.Type == "table").Select(o => o.Name).Append("events").ToHashSet(StringComparer.OrdinalIgnoreCase);
        var (altered, foreign) = (new List<SchemaObject>(), new List<SchemaObject>());
        foreach (var o in found)
        {
            if (known.TryGetValue(o.Key, out var own))
            {
                if (!own.IsSameAs(o)) altered.Add(o);
            }
            else if (isComplete && tables.Contains(o.Table) && o.Type is "index" or "trigger")
            {
                foreign.Add(o);
            }
        }

        var there = found.Select(o => o.Key).ToHashSet();
        var missing = expected.Where(o => !there.Contains(o.Key)).ToList();
        return new(missing, altered, foreign);
    }

    /// <summary>True when a table of the log's is the log's own: only then it is read.</summary>
    internal static bool IsOwn(List<SchemaObject> found, string table) => s_tables.Any(t => t.Name == table && HasExactly(found, t));

    private static bool HasExactly(List<SchemaObject> found, SchemaObject wanted) => found.Exists(o => o.Key == wanted.Key && o.IsSameAs(wanted));

    private static bool IsEssential(SchemaObject o) => o.Type == "table" || (o.Type == "index" && s_tables.Contains(o));

    // Triggers of captures stand on users' tables, whose renaming SQLite carries over into their text.
    private static List<SchemaObject> Found(Database database) =>
        SchemaObject.ReadAll(database).FindAll(o => o.Type != "trigger" || !o.Name.StartsWith(CapturePrefix, StringComparison.OrdinalIgnoreCase) || IsOwnTable(o.Table));

    private static bool IsOwnTable(string name) =>
        name.Equals("events", StringComparison.OrdinalIgnoreCase) || s_tables.Any(t => t.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static StoreSchemaException Another(string path, SchemaObject altered) =>
        Refused(path, $"its {altered} is not the one of the log's schema: another program, or another version of the library, has made it{WayOut(altered)}", altered);

    // Tables hold rows, which cannot be created again.
    private static string WayOut(SchemaObject o) =>
        s_tables.Any(t => t.Key == o.Key && t.Type == "table") ? "" : $"; {nameof(SqliteEventLog)}.{nameof(SqliteEventLog.RepairAsync)} makes it as it has to be";

    private static StoreSchemaException Refused(string path, string what, SchemaObject o) =>
        new($"'{path}' does not have the log's schema: {what}. Nothing was changed.", o.ToString(), SchemaScripts.Newest);
}
