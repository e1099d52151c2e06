using System.Globalization;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Versioning;
using EventSourcing.Storage;


namespace EventSourcing.Sqlite.Reading;

/// <summary>Opens connections that read with the settings that the log needs.</summary>
internal static class ReaderConnections
{
    private const int CacheKib = 16_384;
    private const long MaxMappedBytes = 2_147_418_112;

    internal static Reader OpenReader(StoreFile file, KnownSchema schema, SqliteOptions options, PositionalIds ids)
    {
        var database = Open(file, options);
        try
        {
            schema.ThrowIfChanged(database);
            LogFacts.ThrowIfOtherLog(database, ids);
            return new(database, ids);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>A connection that cannot write.</summary>
    internal static Database Open(StoreFile file, SqliteOptions options)
    {
        var database = Database.Reader(file.Path, options.ReadOnly);
        try
        {
            file.Examine();
            database.BusyTimeout(options.BusyTimeout);
            database.Execute("PRAGMA query_only = 1");
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{CacheKib}"));
            if (options.MemoryMappedReads) database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA mmap_size = {MaxMappedBytes}"));
            // Reads the file, and so opens the write-ahead log.
            _ = database.Scalar(Sql.SchemaCookie);
            file.Adopt(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
