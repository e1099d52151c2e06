using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace EventSourcing.Sqlite.Native;

/// <summary>Checks what is prepared and committed on the connection that user code is given, for the whole life of the connection: user code that kept it can do nothing between two works.</summary>
/// <remarks>
/// SQLite asks the authorizer (sqlite.org/c3ref/set_authorizer.html) when a statement is prepared, and switching the triggers makes it prepare every statement
/// again. The commit hook stops statements that were prepared before and still run later: only the library commits here.
/// </remarks>
internal abstract unsafe class ConnectionGuard : IDisposable
{
    private static readonly string[] s_looks =
    [
        "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list", "foreign_key_check", "database_list",
        "collation_list", "function_list", "module_list", "pragma_list", "compile_options", "integrity_check", "quick_check",
    ];

    // Without a value they only read the setting.
    private static readonly string[] s_settings =
    [
        "application_id", "auto_vacuum", "busy_timeout", "cache_size", "data_version", "defer_foreign_keys", "encoding", "foreign_keys", "freelist_count", "journal_mode",
        "max_page_count", "page_count", "page_size", "query_only", "recursive_triggers", "schema_version", "secure_delete", "synchronous", "trusted_schema", "user_version",
    ];

    private static readonly HashSet<string> s_withoutValue = new([.. s_looks, .. s_settings], StringComparer.OrdinalIgnoreCase);

    // These end with the transaction: undone with it, or kept as a part of it.
    private static readonly HashSet<string> s_withValue = new([.. s_looks, "defer_foreign_keys", "user_version"], StringComparer.OrdinalIgnoreCase);

    private readonly Database _database;
    private readonly GCHandle _self;
    private bool _wasRolledBack;

    protected ConnectionGuard(Database database)
    {
        _database = database;
        _self = GCHandle.Alloc(this);
        Install();
    }

    /// <summary>True when the transaction has ended though the library did not end it: whatever is written now would be kept statement by statement.</summary>
    internal bool HasEnded => _wasRolledBack || !_database.IsOpen || _database.IsAutoCommit;

    /// <summary>True when a work has left something on the connection that the next would find: it is not used again.</summary>
    internal bool IsMarked { get; private protected set; }

    /// <summary>Why a statement of the work that runs now was refused last; null when none was.</summary>
    internal string? Refused { get; private protected set; }

    /// <summary>Resets what the work has left running; returns what it is, or null.</summary>
    internal string? EndStatements()
    {
        if (!_database.IsOpen) return null;
        _database.Reset();
        var left = default(string);
        for (var statement = NativeMethods.sqlite3_next_stmt(_database.Handle, 0); statement != 0; statement = NativeMethods.sqlite3_next_stmt(_database.Handle, statement))
        {
            if (NativeMethods.sqlite3_stmt_busy(statement) == 0) continue;
            var sql = NativeMethods.sqlite3_sql(statement);
            left = sql is null ? "a blob" : $"a reader of '{Marshal.PtrToStringUTF8((nint)sql)!.Trim()}'";
            // The statement inside a blob handle is not to be reset under it: the connection is given up with it.
            if (sql is null) IsMarked = true;
            else _ = NativeMethods.sqlite3_reset(statement);
        }

        return left;
    }

    public void Dispose()
    {
        if (!_self.IsAllocated) return;
        _ = NativeMethods.sqlite3_set_authorizer(_database.Handle, null, 0);
        _ = NativeMethods.sqlite3_commit_hook(_database.Handle, null, 0);
        _ = NativeMethods.sqlite3_rollback_hook(_database.Handle, null, 0);
        _self.Free();
    }

    /// <summary>True while statements of the library run, which may do anything.</summary>
    protected abstract bool IsLibrary { get; }

    /// <summary>True while the user's statements run, on the thread that the connection was given to.</summary>
    protected abstract bool IsWork { get; }

    protected Database Database => _database;

    /// <summary>Before a transaction or a work: nothing was refused yet.</summary>
    protected void Forget() => (_wasRolledBack, Refused) = (false, null);

    /// <summary>Why the user's statements may not do something; null where they may.</summary>
    protected abstract string? ReasonAgainst(int action, byte* first, byte* second, byte* database);

    /// <summary>Why a pragma is refused; null where it only reads, or ends with the transaction.</summary>
    protected static string? ReasonAgainstPragma(byte* name, byte* value) =>
        (value is null ? s_withoutValue : s_withValue).Contains(Text(name)) ? null : $"PRAGMA {Text(name)} is not one of those that end with the transaction";

    /// <summary>Takes the connection, again where user code has put others in its place. SQLite prepares every statement again after it.</summary>
    protected void Install()
    {
        var self = GCHandle.ToIntPtr(_self);
        _ = NativeMethods.sqlite3_set_authorizer(_database.Handle, &Authorize, self);
        _ = NativeMethods.sqlite3_commit_hook(_database.Handle, &IsCommitRefused, self);
        _ = NativeMethods.sqlite3_rollback_hook(_database.Handle, &RolledBack, self);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int IsCommitRefused(nint self) => Of(self).IsLibrary ? 0 : 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void RolledBack(nint self) => Of(self)._wasRolledBack = true;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Authorize(nint self, int action, byte* first, byte* second, byte* database, byte* trigger)
    {
        var guard = Of(self);
        if (guard.IsLibrary) return NativeMethods.Ok;
        // Whatever it is about, an exception must not leave for native code.
        var reason = !guard.IsWork
            ? "the connection is not to be used outside the work that it was given to"
            : guard.HasEnded ? "the transaction has ended"
            : guard.ReasonAgainst(action, first, second, database);
        if (reason is null) return NativeMethods.Ok;
        guard.Refused = reason;
        return NativeMethods.Deny;
    }

    private static ConnectionGuard Of(nint self) => (ConnectionGuard)GCHandle.FromIntPtr(self).Target!;

    protected static string Text(byte* utf8) => utf8 is null ? "" : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(utf8));
}
