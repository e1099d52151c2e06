using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.OpenLog;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Versioning;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Verifying;

/// <summary>Finds the parts of the schema that hold no data (view, guards, indexes, triggers of captured tables) and differ from what the library makes, and creates them again.</summary>
internal static class SchemaRepair
{
    private const string Missing = "it is missing", Altered = "it is not what the library made";

    /// <summary>All differences, in one snapshot.</summary>
    internal static List<IntegrityIssue> Issues(Database database) => database.InSnapshot(() => Find(database));

    private static List<IntegrityIssue> Find(Database database)
    {
        var inventory = SchemaInventory.Of(database);
        var issues = new List<IntegrityIssue>();
        issues.AddRange(inventory.Missing.Select(o => IssueOf(Missing, o)));
        issues.AddRange(inventory.Altered.Select(o => IssueOf(Altered, o)));
        issues.AddRange(inventory.Foreign.Select(o => IssueOf($"it lies on '{o.Table}' and the library did not make it", o)));
        issues.AddRange(Captures(database).Select(c => IssueOf(c.Found is null ? Missing : Altered, c.Wanted)));
        return issues;
    }

    /// <summary>Creates what is missing or altered and holds no data. Inside the writer's transaction.</summary>
    /// <param name="database">The writer's connection.</param>
    /// <param name="rules">The types whose tag rules were stored before.</param>
    internal static RepairResult Run(Database database, IEnumerable<string> rules)
    {
        var repaired = rules.Select(TagRuleSet.IssueOf).ToList();
        foreach (var o in SchemaInventory.Of(database).Altered)
            if (TryMake(database, o, () => WantedOf(database, o))) repaired.Add(IssueOf(Altered, o));
        // The triggers of a view that was dropped are among them.
        foreach (var o in SchemaInventory.Of(database).Missing)
            if (TryMake(database, null, () => o)) repaired.Add(IssueOf(Missing, o));
        foreach (var (wanted, found) in Captures(database))
            if (TryMake(database, found, () => wanted)) repaired.Add(IssueOf(found is null ? Missing : Altered, wanted));
        return new(repaired, Issues(database));
    }

    // What was altered is missing once it is dropped; an index that a log need not have was asked for, or nothing would be there.
    private static SchemaObject? WantedOf(Database database, SchemaObject found) =>
        SchemaInventory.Of(database).Missing.Concat(OptionalIndexes.Objects).FirstOrDefault(o => o.Key == found.Key);

    // Isolated by itself: what cannot be made leaves what was there.
    private static bool TryMake(Database database, SchemaObject? found, Func<SchemaObject?> wanted)
    {
        // Tables hold rows, which cannot be created again.
        if (found?.Type == "table") return false;
        database.Execute("SAVEPOINT es_repair");
        var isMade = false;
        try
        {
            if (found is not null) database.Execute($"DROP {found.Type} {Identifier(found.Name)}");
            if (wanted() is { Type: not "table" } made)
            {
                database.Execute(made.Sql);
                isMade = true;
            }
        }
        catch (SqliteException e) when (e.SqliteErrorCode is NativeMethods.Constraint || SqliteErrors.IsDamage(e))
        {
            // An index that is unique no more, or what it is for is missing: it remains among the issues.
        }

        if (!isMade) database.Execute("ROLLBACK TO es_repair");
        database.Execute("RELEASE es_repair");
        return isMade;
    }

    // The triggers that captures ask for and that are not so. They stand on users' tables, which the inventory leaves alone.
    private static List<(SchemaObject Wanted, SchemaObject? Found)> Captures(Database database)
    {
        var objects = SchemaObject.ReadAll(database);
        if (!SchemaInventory.IsOwn(objects, "es_captures")) return [];
        var found = objects.ToDictionary(o => o.Key);
        var differing = new List<(SchemaObject, SchemaObject?)>();
        foreach (var wanted in TableCaptures.Triggers(database))
            if (!found.TryGetValue(wanted.Key, out var other) || !wanted.IsSameAs(other)) differing.Add((wanted, other));
        return differing;
    }

    private static IntegrityIssue IssueOf(string what, SchemaObject o) => new(what, $"{o.Type} {o.Name}");

    private static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
