using System.Globalization;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Reading;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Writing;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite;

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
        PathText.ThrowIfNoPath(path, nameof(path));
        var target = FollowLinks(path);
        if (Directory.Exists(target)) throw new StoreConfigurationException($"'{target}' is a directory. Nothing was changed; pass the path of the log's file.");
        if ((options.ReadOnly || options.MustExist) && !File.Exists(target))
            throw new StoreConfigurationException($"'{target}' does not exist. Nothing was changed; correct the path, or open it without ReadOnly and MustExist to create it.");
        if (!Directory.Exists(Path.GetDirectoryName(target)))
            throw new StoreConfigurationException($"The directory of '{target}' does not exist. Nothing was changed; create the directory, or correct the path: Open creates the file only.");
        NetworkFileSystem.Refuse(target);
        StoreFile.RefuseBeforeOpening(target);
        return target;
    }

    /// <summary>The full path that the system takes for a path, whether there is a file or not.</summary>
    internal static string FollowLinks(string path) => OperatingSystem.IsWindows() ? ResolveOnWindows(path) : UnixPath.Resolve(path);

    // Windows takes `..` as text by itself; of links it is the file's own that is followed.
    private static string ResolveOnWindows(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        }
        catch (PathTooLongException e)
        {
            throw new ArgumentException($"'{path}' is too long.", nameof(path), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreConfigurationException($"'{path}' cannot be opened: {e.Message} Nothing was changed.", e);
        }
    }

    /// <summary>The ids of a log, by the number that it was made with.</summary>
    /// <exception cref="StoreCorruptException">The file does not say it.</exception>
    internal static PositionalIds IdsOf(Database database, string path)
    {
        var found = database.Scalar("SELECT value FROM es_log WHERE name = 'id_key' AND typeof(value) = 'integer'");
        return long.TryParse(found, NumberStyles.None, CultureInfo.InvariantCulture, out var key) && key < 1L << 62
            ? new(key)
            : throw new StoreCorruptException($"the fact id_key, by which events are found by their ids, is {(found is null ? "missing or no number" : $"{found}, which is out of its range")}. Nothing was changed; restore a backup.", $"'{path}', es_log");
    }

    /// <summary>Refuses a file whose content was replaced by that of another log while it was open: its ids are made in another way.</summary>
    /// <exception cref="StoreConfigurationException">It was.</exception>
    internal static void ThrowIfOtherLog(Database database, PositionalIds ids)
    {
        if (IdsOf(database, "the file") != ids)
            throw new StoreConfigurationException("Another log was restored into the file while it was open. Nothing was written; close the log and open it again.");
    }

    /// <summary>A writer's connection to a log that is open.</summary>
    internal static WriteTransaction OpenTransaction(StoreFile file, KnownSchema schema, SqliteOptions options, PositionalIds ids, TagRuleSet rules, bool forUserCode)
    {
        var database = forUserCode ? Database.ForUserCode(file.Path) : Database.Writer(file.Path, mustExist: true);
        try
        {
            file.Examine();
            // The writer waits for locks in a way of its own.
            database.BusyTimeout(TimeSpan.Zero);
            return TransactionOn(database, file, schema, options, ids, rules);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    internal static WriteTransaction TransactionOn(Database database, StoreFile file, KnownSchema schema, SqliteOptions options, PositionalIds ids, TagRuleSet rules)
    {
        SchemaVersion.UseWriteAheadLog(database, file.Path);
        // Reads the file, and so opens the write-ahead log.
        schema.ThrowIfChanged(database);
        file.Adopt(database);
        database.Execute(options.Durability == Durability.Full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{WriterCacheKib}"));
        // The writer waits for locks in a way of its own.
        database.BusyTimeout(TimeSpan.Zero);
        return new(database, schema, options, ids, rules);
    }

    internal static Reader OpenReader(StoreFile file, KnownSchema schema, SqliteOptions options, PositionalIds ids)
    {
        var database = OpenForReading(file, options);
        try
        {
            schema.ThrowIfChanged(database);
            ThrowIfOtherLog(database, ids);
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
            file.Examine();
            database.BusyTimeout(options.BusyTimeout);
            database.Execute("PRAGMA query_only = 1");
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{ReaderCacheKib}"));
            if (options.MemoryMappedReads) database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA mmap_size = {MappedBytesAtMost}"));
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
