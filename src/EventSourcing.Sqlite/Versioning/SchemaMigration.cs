using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.OpenLog;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;

namespace EventSourcing.Sqlite.Versioning;

/// <summary>Brings a log of an older schema to the newest: by the numbered scripts between them, in one transaction. There is no way back.</summary>
/// <remarks>
/// The time does not follow the number of events: no script rewrites them. A process that is killed leaves the old schema or the new one, whole. What is not numbered, the view, the
/// guards and the triggers of captured tables, is made as this library has it.
/// </remarks>
internal static class SchemaMigration
{
    /// <summary>Migrates the log, where it is older. It exists, and its schema is one that this library knows.</summary>
    /// <exception cref="StoreSchemaException">The log does not have what its schema's number says. Nothing was changed.</exception>
    internal static void Run(Database database, string path)
    {
        if (SchemaVersion.Found(database) == SchemaScripts.Newest) return;
        database.InTransaction(() =>
        {
            // Another process may have been quicker, with this library or a newer one.
            SchemaVersion.ThrowIfUnknown(database, path);
            var found = SchemaVersion.Found(database)!.Value;
            if (found < SchemaScripts.Newest) Migrate(database, path, found);
            return true;
        });
    }

    private static void Migrate(Database database, string path, int found)
    {
        SchemaInventory.OfOlder(database, found).ThrowIfWrong(path);
        foreach (var trigger in SchemaInventory.TriggersOf(database, found)) database.Execute($"DROP TRIGGER \"{trigger.Name}\"");
        database.Execute("DROP VIEW IF EXISTS events");
        for (var next = found + 1; next <= SchemaScripts.Newest; next++) database.ExecuteScript(SchemaScripts.Numbered(next));
        TableCaptures.Migrate(database);
        SchemaVersion.Complete(database);
        LogFacts.Set(database, "schema", SchemaScripts.Newest);
    }
}
