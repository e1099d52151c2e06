using System.Globalization;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Versioning;
using EventSourcing.Sqlite.Views;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Opens the writer's connections with the settings that the log needs.</summary>
internal static class WriterConnections
{
    // SQLite walks the cache at every commit: a larger one costs more than it saves.
    private const int CacheKib = 8_192;

    /// <summary>A writer's connection to a log that is open.</summary>
    internal static WriteTransaction Open(StoreFile file, KnownSchema schema, SqliteOptions options, PositionalIds ids, TagRuleSet rules, InLogViews views, bool forUserCode)
    {
        var database = forUserCode ? Database.ForUserCode(file.Path) : Database.Writer(file.Path, mustExist: true);
        try
        {
            file.Examine();
            // The writer waits for locks in a way of its own.
            database.BusyTimeout(TimeSpan.Zero);
            return Use(database, file, schema, options, ids, rules, views);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    internal static WriteTransaction Use(Database database, StoreFile file, KnownSchema schema, SqliteOptions options, PositionalIds ids, TagRuleSet rules, InLogViews views)
    {
        SchemaVersion.UseWriteAheadLog(database, file.Path);
        // Reads the file, and so opens the write-ahead log.
        schema.ThrowIfChanged(database);
        file.Adopt(database);
        database.Execute(options.Durability == Durability.Full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{CacheKib}"));
        // The writer waits for locks in a way of its own.
        database.BusyTimeout(TimeSpan.Zero);
        return new(database, schema, options, ids, rules) { Views = views };
    }
}
