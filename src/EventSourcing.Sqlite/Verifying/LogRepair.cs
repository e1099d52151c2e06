using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Versioning;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Verifying;

/// <summary>Repairs a file on a connection of its own, in one transaction: sessions of the writer refuse a file whose schema is not the log's.</summary>
internal static class LogRepair
{
    /// <param name="file">The log's file.</param>
    /// <param name="options">The log's options.</param>
    /// <param name="rules">The tag rules that the file should have; null for those that it has.</param>
    internal static RepairResult Run(StoreFile file, SqliteOptions options, TagRuleSet? rules)
    {
        try
        {
            using var database = Database.Writer(file.Path, mustExist: true);
            file.Examine();
            if (database.IsReadOnly) throw new StoreReadOnlyException(SqliteErrors.WhyNotWritable(file.Path) ?? $"'{file.Path}' cannot be written. Nothing was written.");
            database.BusyTimeout(options.BusyTimeout);
            SchemaVersion.ThrowIfNotNewest(database, file.Path);
            file.Adopt(database);
            return database.InTransaction(() => Repair(database, rules));
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, file.Path);
        }
    }

    private static RepairResult Repair(Database database, TagRuleSet? rules)
    {
        // In place of its table, something may stand that has no end.
        var differing = SchemaInventory.IsOwn(SchemaObject.ReadAll(database), "es_tag_rules") ? rules?.MissingFrom(database) ?? [] : [];
        if (differing.Count > 0) rules!.Store(database);
        return SchemaRepair.Run(database, differing);
    }
}
