using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Views;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Guards the connection of the log's file: the log's tables, its transaction, and what would stay on the connection after it.</summary>
internal sealed unsafe class LogGuard(Database database) : ConnectionGuard(database)
{
    private const string NamesAreOurs = "names that begin with es_, and the name events, are the log's";

    private Phase _phase;
    private int _threadId;

    private enum Phase
    {
        /// <summary>Between two transactions.</summary>
        Closed,

        /// <summary>The library's own statements.</summary>
        Library,

        /// <summary>The user's statements.</summary>
        Work,
    }

    protected override bool IsLibrary => Is(Phase.Library);

    protected override bool IsWork => Is(Phase.Work);

    /// <summary>Before the library's transaction.</summary>
    internal void Open()
    {
        (_phase, _threadId) = (Phase.Library, Environment.CurrentManagedThreadId);
        Forget();
    }

    /// <summary>After the library's transaction.</summary>
    internal void Close() => _phase = Phase.Closed;

    /// <summary>Before the user's statements: triggers guard the log's tables and capture changes.</summary>
    internal void Enter()
    {
        if (HasEnded) return;
        Database.EnableTriggers(true);
        Install();
        _phase = Phase.Work;
    }

    /// <summary>Before statements of the library.</summary>
    internal void Leave()
    {
        if (_phase != Phase.Work) return;
        _phase = Phase.Library;
        if (!Database.IsOpen) return;
        // Again, in case the work has put others in their place.
        Install();
        Database.EnableTriggers(false);
    }

    protected override string? ReasonAgainst(int action, byte* first, byte* second, byte* database)
    {
        switch (action)
        {
            case NativeMethods.ActionTransaction:
                return TransactionConnection.NoOther;
            case NativeMethods.ActionSavepoint:
                return IsOurs(second) ? "savepoints whose names begin with es_ are the log's" : null;
            case NativeMethods.ActionPragma:
                return ReasonAgainstPragma(first, second);
            case NativeMethods.ActionAttach:
                IsMarked = true;
                return null;
            case NativeMethods.ActionCreateTempIndex or NativeMethods.ActionCreateTempTable or NativeMethods.ActionCreateTempView:
                IsMarked = true;
                return IsOurs(first) ? "a temporary name would hide the log's" : null;
            case NativeMethods.ActionCreateTable or NativeMethods.ActionCreateView:
                return IsOurs(first) ? NamesAreOurs : null;
            case NativeMethods.ActionCreateVirtualTable:
                IsMarked |= IsTemporary(database);
                return IsOurs(first) ? NamesAreOurs : null;
            case NativeMethods.ActionCreateIndex:
                return IsOurs(first) ? NamesAreOurs : IsOurs(second) ? "the log's tables have the log's indexes only" : null;
            // A temporary trigger runs for the library's own statements, too.
            case NativeMethods.ActionCreateTempTrigger or NativeMethods.ActionCreateTrigger or NativeMethods.ActionDropTrigger or NativeMethods.ActionDropTempTrigger:
                IsMarked |= action == NativeMethods.ActionCreateTempTrigger;
                return IsOurs(second) ? "the log's tables and its view have the log's triggers only" : null;
            case NativeMethods.ActionDropTable or NativeMethods.ActionDropView:
                return IsOurs(first) ? "the log's tables and its view are the log's" : null;
            case NativeMethods.ActionDropIndex:
                return IsOurs(second) ? "the log's tables are the log's" : null;
            // SQLite does not pass the new name of a table.
            case NativeMethods.ActionAlterTable:
                return IsTemporary(first) ? "a temporary table could take a name that hides the log's" : IsOurs(second) ? "the log's tables are the log's" : null;
            case NativeMethods.ActionInsert or NativeMethods.ActionUpdate or NativeMethods.ActionDelete:
                return ViewLayout.IsInLog(Text(first)) ? "the rows of inline views are written by their projections only" : null;
            default:
                return null;
        }
    }

    private bool Is(Phase phase) => _phase == phase && _threadId == Environment.CurrentManagedThreadId;

    private static bool IsTemporary(byte* database) => Text(database).Equals("temp", StringComparison.OrdinalIgnoreCase);

    private static bool IsOurs(byte* name)
    {
        var text = Text(name);
        return text.StartsWith("es_", StringComparison.OrdinalIgnoreCase) || text.Equals("events", StringComparison.OrdinalIgnoreCase);
    }
}
