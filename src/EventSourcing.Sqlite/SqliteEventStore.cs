namespace EventSourcing.Sqlite;

/// <summary>Opens event stores in SQLite files.</summary>
public static class SqliteEventStore
{
    /// <summary>Opens a store, and creates file and tables where there are none.</summary>
    /// <param name="path">The file. Every symbolic link of the path is followed. Its directory has to exist: only the file is created.</param>
    /// <param name="types">The type map.</param>
    /// <param name="options">How the log works; null for the defaults.</param>
    /// <exception cref="ArgumentException">The path is empty, is too long (504 bytes of UTF-8 on Linux and macOS) or is a connection string, a URI or <c>:memory:</c>, or an option is out of range.</exception>
    /// <exception cref="StoreConfigurationException">
    /// The path is a directory; the file does not exist where it must; its directory does not exist or may not be entered; it has several names (hard links), is mounted by itself, or lies on a network file
    /// system, where locks cannot be relied on; its write-ahead log was removed while a process has it open, or is there without it; with <see cref="SqliteOptions.ReadOnly"/>, SQLite cannot make the files
    /// that it needs beside it; two options contradict each other; or the process has loaded a SQLite older than 3.51.3, which can damage a file that several connections use. Nothing was changed.
    /// </exception>
    /// <exception cref="StoreUnavailableException">Another connection had the file locked for longer than <see cref="SqliteOptions.BusyTimeout"/>, or it could not be read or written this time. Nothing was changed.</exception>
    /// <exception cref="StoreSchemaException">The file is no SQLite database, is one of something else, has a newer schema, or has a part of the log's schema that is not as the library makes it. Nothing was changed.</exception>
    /// <exception cref="StoreCorruptException">The file is damaged.</exception>
    /// <exception cref="StoreFullException">There is no room for the new file.</exception>
    /// <exception cref="StoreReadOnlyException">The file, or its directory, cannot be written. Nothing was written.</exception>
    public static EventStore Open(string path, EventTypeMap types, SqliteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(types);
        return new(SqliteEventLog.Open(path, options), types);
    }
}
