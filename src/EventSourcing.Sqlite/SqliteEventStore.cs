using EventSourcing.Serialization;

namespace EventSourcing.Sqlite;

/// <summary>Opens event stores in SQLite files.</summary>
public static class SqliteEventStore
{
    /// <summary>Opens a store, and creates file and tables where there are none.</summary>
    /// <param name="path">The file. Its directory exists.</param>
    /// <param name="types">The type map.</param>
    /// <param name="options">How the log works; null for the defaults.</param>
    /// <param name="storeOptions">How the store works; null for the defaults.</param>
    /// <exception cref="ArgumentException">The path is empty or names no file, or an option is out of range.</exception>
    /// <exception cref="StoreSchemaException">The file is no SQLite database, is one of something else, or has a newer schema. Nothing was changed.</exception>
    /// <exception cref="StoreUnavailableException">
    /// The file cannot be opened just now, or does not exist where it must; it lies on a network file system, where locks cannot be relied on; or the process has
    /// loaded a SQLite older than 3.51.3, which can damage a file that several connections use. Nothing was changed.
    /// </exception>
    /// <exception cref="StoreCorruptException">The file is damaged.</exception>
    /// <exception cref="StoreFullException">There is no room for the new file.</exception>
    /// <exception cref="StoreReadOnlyException">The file cannot be written.</exception>
    public static EventStore Open(string path, EventTypeMap types, SqliteOptions? options = null, EventStoreOptions? storeOptions = null)
    {
        ArgumentNullException.ThrowIfNull(types);
        return new(SqliteEventLog.Open(path, options), types, storeOptions);
    }
}
