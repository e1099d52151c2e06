using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Schema;

/// <summary>Translates SQLite's result codes (sqlite.org/rescode.html) into the library's exceptions.</summary>
internal static class SqliteErrors
{
    private const int Error = 1, Perm = 3, Busy = 5, Locked = 6, NoMemory = 7, ReadOnly = 8, IoError = 10, Corrupt = 11, Full = 13, CantOpen = 14, Protocol = 15, Schema = 17, Auth = 23, NotADatabase = 26;

    /// <summary>True for an error about the file's content, not about its device or other connections.</summary>
    internal static bool IsDamage(SqliteException e) => e.SqliteErrorCode is Corrupt or NotADatabase or Error or Schema;

    /// <summary>The error of a write where it is SQLite's; any other unchanged.</summary>
    internal static Exception TranslateAny(Exception e, string path) => e is SqliteException sqlite ? Translate(sqlite, path) : e;

    /// <summary>The error of a write.</summary>
    internal static EventSourcingException Translate(SqliteException e, string path) => e.SqliteErrorCode switch
    {
        Busy when e.SqliteExtendedErrorCode == NativeMethods.BusySnapshot => new StoreUnavailableException($"The writer's own connection to '{path}' held an old snapshot of the file and was closed. Nothing was written; try again.", e),
        Busy or Locked => new StoreUnavailableException($"'{path}' is being written by another connection for longer than the busy timeout. Nothing was written.", e),
        ReadOnly or Perm or Auth => new StoreReadOnlyException($"'{path}' cannot be written: {e.Message}. Nothing was written.", e),
        Full => new StoreFullException($"There is no room for more in '{path}': {e.Message}. Nothing was written.", e),
        _ => TranslateCommon(e, path, " Nothing was changed."),
    };

    /// <summary>The error of a read, which never says what became of a write.</summary>
    internal static EventSourcingException TranslateReading(SqliteException e, string path) => e.SqliteErrorCode switch
    {
        Busy or Locked => new StoreUnavailableException($"'{path}' is locked by another connection for longer than the busy timeout.", e),
        ReadOnly or Perm or CantOpen when WhyNotReadable(path) is { } why => new StoreConfigurationException(why, e),
        Full => new StoreUnavailableException($"There is no room for the temporary files that reading '{path}' takes: {e.Message}.", e),
        _ => TranslateCommon(e, path, ""),
    };

    /// <summary>The error of opening a file for writing.</summary>
    internal static EventSourcingException TranslateOpening(SqliteException e, string path) =>
        e.SqliteErrorCode is ReadOnly or Perm or CantOpen or IoError && WhyNotWritable(path) is { } why ? new StoreReadOnlyException(why, e) : Translate(e, path);

    /// <summary>Why this process may not write a log there; null when that is not what stands against it.</summary>
    internal static string? WhyNotWritable(string path)
    {
        if (OperatingSystem.IsWindows()) return null;
        foreach (var file in new[] { path, path + "-wal", path + "-shm" })
            if (UnixPath.WhyNotWritable(file, isDirectory: false) is { } why) return $"'{file}' cannot be written: {why}. Nothing was written; ReadOnly = true in the options opens it for reading.";
        var directory = Path.GetDirectoryName(path)!;
        return UnixPath.WhyNotWritable(directory, isDirectory: true) is { } whyNot
            ? $"'{path}' cannot be written: SQLite keeps '-wal' and '-shm' beside it, and nothing can be made in '{directory}': {whyNot}. Nothing was written; give the process the right to write there, or move the log."
            : null;
    }

    private static string? WhyNotReadable(string path)
    {
        if (OperatingSystem.IsWindows()) return null;
        foreach (var file in new[] { path, path + "-wal", path + "-shm" })
            if (UnixPath.WhyNotReadable(file) is { } why) return $"'{file}' cannot be read: {why}.";
        var directory = Path.GetDirectoryName(path)!;
        return UnixPath.WhyNotWritable(directory, isDirectory: true) is { } whyNot
            ? $"'{path}' cannot be read there: to read a log, SQLite needs '-wal' and '-shm' beside it, or the right to make them, and nothing can be made in '{directory}': {whyNot}. Copy the file, with its '-wal' where there is one, to a directory that this process may write, and open the copy."
            : null;
    }

    private static EventSourcingException TranslateCommon(SqliteException e, string path, string nothing) => e.SqliteErrorCode switch
    {
        Corrupt => new StoreCorruptException(e.Message, $"'{path}'", e),
        NotADatabase => new StoreSchemaException($"'{path}' is not a SQLite database.{nothing}", "no database", SchemaScripts.Newest, e),
        Error or Schema => new StoreSchemaException($"'{path}' lacks a part of the log's schema: {e.Message}.{nothing}", e.Message, SchemaScripts.Newest, e),
        // A path that leads to no file does not mend itself; too many open files do.
        CantOpen when e.SqliteExtendedErrorCode is not CantOpen || !File.Exists(path) =>
            new StoreConfigurationException($"'{path}' cannot be opened: {e.Message}.{nothing} Check the path, the rights on it, and the temporary directory.", e),
        CantOpen => new StoreUnavailableException($"'{path}' cannot be opened: {e.Message}.", e),
        IoError => new StoreUnavailableException($"Reading or writing '{path}' failed: {e.Message}.", e),
        NoMemory => new StoreUnavailableException($"SQLite had not enough memory for '{path}': {e.Message}.", e),
        Protocol => new StoreUnavailableException($"'{path}' was locked by others at each of many attempts: {e.Message}.", e),
        _ => new StoreConfigurationException($"SQLite failed on '{path}' with code {e.SqliteExtendedErrorCode}, which this library does not expect: {e.Message}.{nothing} sqlite.org/rescode.html says what the code means; a repetition does not help.", e),
    };
}
