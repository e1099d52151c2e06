using System.Globalization;
using System.Security.Cryptography;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Creates the log's tables, or checks that those found are ones this library knows.</summary>
internal static class SchemaVersion
{
    internal const int Newest = 1;

    /// <summary>Creates the tables when the database has none. In one transaction, so that a crash leaves all or nothing.</summary>
    internal static void CreateOrCheck(Database database, string path, SqliteOptions options)
    {
        // Looked at before anything is written, so that a refused file stays byte for byte what it was.
        EventsView.RefuseOther(database, path);
        if (Exists(database))
        {
            Check(database, path);
            EventsView.UseLimit(database, options.Limits.MaxEventBytes);
            return;
        }

        if (options.MustExist || (!options.AddToExistingDatabase && HasTables(database))) throw Foreign(path);
        UseWriteAheadLog(database, path);
        database.Execute("BEGIN IMMEDIATE");
        try
        {
            if (!Exists(database)) Create(database, options.Limits);
            database.Execute("COMMIT");
        }
        catch
        {
            if (!database.IsAutoCommit) database.Execute("ROLLBACK");
            throw;
        }

        Check(database, path);
    }

    /// <summary>A script of the schema, from the assembly's resources.</summary>
    internal static string Script(string name)
    {
        using var resource = typeof(SchemaVersion).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(resource);
        return reader.ReadToEnd();
    }

    /// <summary>Checks without writing.</summary>
    internal static void Check(Database database, string path)
    {
        if (!Exists(database)) throw Foreign(path);
        var found = Text(database);
        if (Found(database) is not (>= 1 and <= Newest))
            throw new StoreSchemaException($"'{path}' has schema {found}; this library reads schemas up to {Newest}. Nothing was changed.", found, Newest);
        EventsView.RefuseOther(database, path);
    }

    /// <summary>Write-ahead logging is what lets readers and the writer work at once; it is kept in the file.</summary>
    internal static void UseWriteAheadLog(Database database, string path)
    {
        var mode = database.Scalar("PRAGMA journal_mode = WAL");
        if (mode != "wal") throw new StoreUnavailableException($"'{path}' does not take a write-ahead log (journal mode '{mode}').");
    }

    /// <summary>The schema that a log says it has; null where it says none.</summary>
    internal static int? Found(Database database) => int.TryParse(Text(database), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;

    private static string Text(Database database) => database.Scalar("SELECT value FROM es_log WHERE name = 'schema'") ?? "none";

    /// <summary>True for a database that has a log.</summary>
    internal static bool Exists(Database database) =>
        database.Scalar("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'es_log'") is not null;

    /// <summary>True for a database that has anything.</summary>
    internal static bool HasTables(Database database) => database.Scalar("SELECT 1 FROM sqlite_master LIMIT 1") is not null;

    private static StoreSchemaException Foreign(string path) =>
        new($"'{path}' is a database of something else: it holds no event log. Nothing was changed.", "no event log", Newest);

    private static void Create(Database database, LogLimits limits)
    {
        database.ExecuteScript(Script("001.sql"));
        var key = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & ((1L << 62) - 1);
        database.Execute(string.Create(CultureInfo.InvariantCulture,
            $"INSERT INTO es_log (name, value) VALUES ('schema', {Newest}), ('generation', 1), ('id_key', {key}), ('event_bytes', {limits.MaxEventBytes})"));
        EventsView.Create(database);
        database.ExecuteScript(Script("guards.sql"));
    }
}
