using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>The one place where SQLite's result codes (sqlite.org/rescode.html) become the library's exceptions.</summary>
internal static class SqliteErrors
{
    private const int Error = 1, Perm = 3, Busy = 5, Locked = 6, ReadOnly = 8, IoError = 10, Corrupt = 11, Full = 13, CantOpen = 14, Schema = 17, Auth = 23, NotADatabase = 26;

    /// <summary>True for an error that says something of the file's content, not of its device or of those who use it.</summary>
    internal static bool IsDamage(SqliteException e) => e.SqliteErrorCode is Corrupt or NotADatabase or Error or Schema;

    internal static EventSourcingException Translate(SqliteException e, string path) => e.SqliteErrorCode switch
    {
        Busy when e.SqliteExtendedErrorCode == Native.BusySnapshot => new StoreUnavailableException($"The writer's own connection to '{path}' held on to an old state of the file and was closed: try again. Nothing was written.", e),
        Busy or Locked => new StoreUnavailableException($"'{path}' is being written by another connection for longer than the busy timeout. Nothing was written.", e),
        ReadOnly or Perm or Auth => new StoreReadOnlyException($"'{path}' cannot be written: {e.Message}. Nothing was written.", e),
        Full => new StoreFullException($"There is no room for more in '{path}': {e.Message}. Nothing was written.", e),
        Corrupt => new StoreCorruptException(e.Message, $"'{path}'", e),
        NotADatabase => new StoreSchemaException($"'{path}' is not a SQLite database. Nothing was changed.", "no database", SchemaVersion.Newest, e),
        Error or Schema => new StoreSchemaException($"'{path}' lacks a part of the log's schema: {e.Message}. Nothing was changed.", e.Message, SchemaVersion.Newest, e),
        CantOpen => new StoreUnavailableException($"'{path}' cannot be opened: {e.Message}", e),
        IoError => new StoreUnavailableException($"Reading or writing '{path}' failed: {e.Message}", e),
        _ => new StoreUnavailableException($"SQLite failed on '{path}': {e.Message}", e),
    };
}
