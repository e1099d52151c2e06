using System.Globalization;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Opens connections with the settings that the log needs.</summary>
internal static class Connections
{
    // SQLite walks the cache at every commit: a larger one costs more than it saves.
    private const int WriterCacheKib = 8_192;
    private const int ReaderCacheKib = 16_384;
    private const long MappedBytesAtMost = 2_147_418_112;

    /// <summary>The file behind a path: full, links resolved, so that one file has one name and one write-ahead log.</summary>
    internal static string Resolve(string path, SqliteOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (path == ":memory:" || path.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException($"'{path.Replace('\0', '?')}' names no file. A log in memory is InMemoryEventLog.", nameof(path));
        var file = new FileInfo(path);
        var target = file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        if (Directory.Exists(target)) throw new ArgumentException($"'{target}' is a directory.", nameof(path));
        if ((options.ReadOnly || options.MustExist) && !File.Exists(target))
            throw new StoreUnavailableException($"'{target}' does not exist.");
        if (!Directory.Exists(Path.GetDirectoryName(target)))
            throw new StoreUnavailableException($"The directory of '{target}' does not exist.");
        NetworkFileSystem.Refuse(target);
        return target;
    }

    internal static PositionalIds IdsOf(Database database) =>
        new(long.Parse(database.Scalar("SELECT value FROM es_log WHERE name = 'id_key'")!, CultureInfo.InvariantCulture));

    /// <summary>A writer's connection to a log that is open.</summary>
    internal static WriteSession OpenSession(StoreFile file, SqliteOptions options, PositionalIds ids, TagRuleSet rules, bool forUserCode)
    {
        var database = forUserCode ? Database.ForUserCode(file.Path) : Database.Writer(file.Path, mustExist: true);
        try
        {
            file.ThrowIfReplaced();
            // The writer waits for locks in a way of its own.
            database.BusyTimeout(TimeSpan.Zero);
            return SessionOn(database, file.Path, options, ids, rules);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    internal static WriteSession SessionOn(Database database, string path, SqliteOptions options, PositionalIds ids, TagRuleSet rules)
    {
        SchemaVersion.UseWriteAheadLog(database, path);
        database.Execute(options.Durability == Durability.Full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{WriterCacheKib}"));
        // The writer waits for locks in a way of its own.
        database.BusyTimeout(TimeSpan.Zero);
        return new(database, options, ids, rules);
    }

    internal static Reader OpenReader(StoreFile file, SqliteOptions options, PositionalIds ids)
    {
        var database = OpenForReading(file, options);
        try
        {
            return new(database, ids);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>A connection that cannot write.</summary>
    internal static Database OpenForReading(StoreFile file, SqliteOptions options)
    {
        var database = Database.Reader(file.Path, options.ReadOnly);
        try
        {
            file.ThrowIfReplaced();
            database.BusyTimeout(options.BusyTimeout);
            database.Execute("PRAGMA query_only = 1");
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{ReaderCacheKib}"));
            if (options.MemoryMappedReads) database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA mmap_size = {MappedBytesAtMost}"));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
