using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>Translates SQLite's result codes (sqlite.org/rescode.html) for a build's file: it holds nothing that cannot be made again, so that every fault of its content is one error.</summary>
internal static class ViewErrors
{
    private const int Constraint = 19, CantOpen = 14, ShortRead = 522, Moved = 1032;

    /// <summary>The error of a read of the build.</summary>
    internal static EventSourcingException TranslateReading(SqliteException e, string path) => Damage(e, path) ?? SqliteErrors.TranslateReading(e, path);

    /// <summary>The error of a write to the build.</summary>
    internal static EventSourcingException TranslateWriting(SqliteException e, string path) => Damage(e, path) ?? SqliteErrors.Translate(e, path);

    /// <summary>The error of a file that was removed while it was open, or just before.</summary>
    internal static StoreCorruptException Removed(string path, Exception? cause = null) => new("The file was removed or renamed while it was open. Rebuild the view.", path, cause);

    private static StoreCorruptException? Damage(SqliteException e, string path)
    {
        if (e.SqliteExtendedErrorCode == Moved || (e.SqliteErrorCode == CantOpen && !File.Exists(path))) return Removed(path, e);
        return SqliteErrors.IsDamage(e) || e.SqliteErrorCode == Constraint || e.SqliteExtendedErrorCode == ShortRead ? new($"{e.Message.TrimEnd('.')}. Rebuild the view.", path, e) : null;
    }
}
