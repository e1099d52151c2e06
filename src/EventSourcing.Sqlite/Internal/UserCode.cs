using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Sqlite.Internal;

/// <summary>User code on its connection. While it runs, triggers are on, so that the log's tables are guarded and captured tables are heard, and the transaction cannot be ended.</summary>
internal sealed class UserCode(Database database) : IDisposable
{
    // Settings of the connection that outlive the transaction.
    private static readonly HashSet<string> s_keptPragmas = new(StringComparer.OrdinalIgnoreCase)
    {
        "synchronous", "journal_mode", "locking_mode", "wal_autocheckpoint", "writable_schema", "query_only", "cache_size", "busy_timeout", "trusted_schema",
    };

    // Kept, because SQLite calls it from native code.
    private readonly strdelegate_authorizer _authorizer = Judge;
    private long _changes = database.TotalChanges;
    private bool _isRunning;

    internal SqliteConnection Connection => database.Connection!;

    /// <summary>True when the user's code ended the transaction all the same.</summary>
    internal bool IsEnded => !database.IsOpen || database.IsAutoCommit;

    internal T Run<T>(Func<T> work)
    {
        Enter();
        try
        {
            return work();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Runs the library's own statements in between.</summary>
    internal T Pause<T>(Func<T> work)
    {
        Leave();
        try
        {
            return work();
        }
        finally
        {
            _changes = database.TotalChanges;
            Enter();
        }
    }

    /// <summary>True when user code has changed rows since the last look.</summary>
    internal bool HasWritten()
    {
        var before = _changes;
        _changes = database.TotalChanges;
        return before != _changes;
    }

    public void Dispose() => Leave();

    private static int Judge(object data, int action, string first, string second, string databaseName, string trigger) => action switch
    {
        Native.ActionTransaction => Native.Deny,
        Native.ActionSavepoint when second.StartsWith("es_", StringComparison.OrdinalIgnoreCase) => Native.Deny,
        Native.ActionPragma when second is not null && s_keptPragmas.Contains(first) => Native.Deny,
        _ => Native.Ok,
    };

    private void Enter()
    {
        if (IsEnded) return;
        _isRunning = true;
        database.EnableTriggers(true);
        _ = raw.sqlite3_set_authorizer(Connection.Handle, _authorizer, null);
    }

    private void Leave()
    {
        if (!_isRunning || !database.IsOpen) return;
        _isRunning = false;
        _ = raw.sqlite3_set_authorizer(Connection.Handle, (strdelegate_authorizer)null!, null);
        database.EnableTriggers(false);
    }
}
