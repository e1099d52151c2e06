using System.Globalization;
using System.Security.Cryptography;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.OpenLog;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Versioning;

/// <summary>Creates the log's tables, or checks that those found are ones this library knows.</summary>
internal static class SchemaVersion
{
    /// <summary>Creates the tables when the database has none. In one transaction, so that a crash leaves all or nothing.</summary>
    internal static void CreateOrCheck(Database database, string path, KnownSchema schema, SqliteOptions options)
    {
        // Looked at before anything is written, so that a refused file stays byte for byte what it was.
        EventsView.RefuseOther(database, path);
        if (Exists(database))
        {
            ThrowIfUnknown(database, path);
            SchemaMigration.Run(database, path);
            Check(database, path, schema);
            EventsView.UseLimit(database, options.Limits.MaxEventBytes);
            return;
        }

        if (HasTables(database))
        {
            if (options.MustExist || !options.AddToExistingDatabase) throw Foreign(path, mayBeAdded: !options.MustExist);
            RefuseEncoding(database, path);
            SchemaInventory.RefuseNamesakes(database, path);
        }
        else if (options.MustExist)
        {
            throw Foreign(path, mayBeAdded: false);
        }

        AddTo(database, path, options.Limits);
        Check(database, path, schema);
    }

    private static void AddTo(Database database, string path, LogLimits limits)
    {
        var mode = database.Scalar("PRAGMA journal_mode");
        UseWriteAheadLog(database, path);
        try
        {
            database.Execute("BEGIN IMMEDIATE");
            if (!Exists(database)) Create(database, limits);
            database.Execute("COMMIT");
        }
        catch
        {
            if (!database.IsAutoCommit) database.Execute("ROLLBACK");
            // The mode is kept in the file: a database that got no log keeps its own.
            if (mode != "wal") _ = database.TryScalar("PRAGMA journal_mode = DELETE");
            throw;
        }
    }

    // Texts are compared and limited by their bytes in UTF-8, in triggers too.
    private static void RefuseEncoding(Database database, string path)
    {
        // In UTF-16, the answer is as well.
        if (database.Scalar("PRAGMA encoding")!.Replace("\0", "", StringComparison.Ordinal) is var encoding and not "UTF-8")
            throw new StoreSchemaException($"'{path}' is a database in {encoding}; a log needs UTF-8. Nothing was changed; keep the log in a file of its own.", $"encoding {encoding}", SchemaScripts.Newest);
    }

    /// <summary>Checks without writing.</summary>
    internal static void Check(Database database, string path, KnownSchema schema)
    {
        var cookie = KnownSchema.CookieOf(database);
        var inventory = ThrowIfNotNewest(database, path);
        EventsView.RefuseOther(database, path);
        inventory.ThrowIfWrong(path);
        schema.Know(cookie);
    }

    /// <summary>Refuses a file without a log, and a log of a schema that this library does not know.</summary>
    internal static SchemaInventory ThrowIfUnknown(Database database, string path)
    {
        if (!Exists(database)) throw Foreign(path, mayBeAdded: false);
        RefuseEncoding(database, path);
        var inventory = SchemaInventory.Of(database);
        inventory.ThrowIfFactsUnreadable(path);
        if (Found(database) is >= 1 and <= SchemaScripts.Newest and var schema)
        {
            if (LogFacts.AreIntact(database, schema)) return inventory;
            _ = LogFacts.IdsOf(database, path);
            throw new StoreCorruptException("the facts of the log are not what was stored. Nothing was changed; restore a backup", $"'{path}', es_log");
        }

        var found = Text(database);
        throw new StoreSchemaException($"'{path}' has schema {found}; this library reads schemas up to {SchemaScripts.Newest}. Nothing was changed.", found, SchemaScripts.Newest);
    }

    /// <summary>The same; refuses an older schema too, which only opening for writing brings to the newest.</summary>
    internal static SchemaInventory ThrowIfNotNewest(Database database, string path)
    {
        var inventory = ThrowIfUnknown(database, path);
        if (Found(database) == SchemaScripts.Newest) return inventory;
        var found = Text(database);
        throw new StoreSchemaException($"'{path}' has schema {found}, which is older than the schema {SchemaScripts.Newest} of this library. Nothing was changed; stop every process that has it open, make a backup, and open it once for writing, which migrates it.", found, SchemaScripts.Newest);
    }

    /// <summary>Write-ahead logging is what lets readers and the writer work at once; it is kept in the file.</summary>
    internal static void UseWriteAheadLog(Database database, string path)
    {
        var mode = database.Scalar("PRAGMA journal_mode = WAL");
        if (mode != "wal") throw new StoreConfigurationException($"'{path}' does not take a write-ahead log: its journal mode stays '{mode}'. Put the file on a file system with shared memory and locks.");
    }

    /// <summary>The schema that a log says it has; null where it says none.</summary>
    internal static int? Found(Database database) => int.TryParse(Text(database), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;

    private static string Text(Database database) => database.Scalar("SELECT value FROM es_log WHERE name = 'schema'") ?? "none";

    /// <summary>True for a database that has a log.</summary>
    internal static bool Exists(Database database) =>
        database.Scalar("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'es_log'") is not null;

    /// <summary>True for a database that has anything.</summary>
    internal static bool HasTables(Database database) => database.Scalar("SELECT 1 FROM sqlite_master LIMIT 1") is not null;

    private static StoreSchemaException Foreign(string path, bool mayBeAdded) =>
        new($"'{path}' is a database of something else: it holds no event log. Nothing was changed{(mayBeAdded ? "; AddToExistingDatabase = true in the options adds a log to it" : "")}.", "no event log", SchemaScripts.Newest);

    /// <summary>Makes what is not numbered: the view and the guards.</summary>
    internal static void Complete(Database database)
    {
        EventsView.Create(database);
        database.ExecuteScript(SchemaScripts.Read("guards.sql"));
    }

    private static void Create(Database database, LogLimits limits)
    {
        for (var schema = 1; schema <= SchemaScripts.Newest; schema++) database.ExecuteScript(SchemaScripts.Numbered(schema));
        var key = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & ((1L << 62) - 1);
        database.Execute(string.Create(CultureInfo.InvariantCulture,
            $"INSERT INTO es_log (name, value) VALUES ('schema', {SchemaScripts.Newest}), ('generation', 1), ('id_key', {key}), ('event_bytes', {limits.MaxEventBytes})"));
        LogFacts.Seal(database);
        Complete(database);
    }
}
