using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Versioning;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Runs user code that has the connection of a transaction: with triggers, and without means to end the transaction.</summary>
internal sealed class UserWork(WriteTransaction transaction, Database database, KnownSchema schema, EventIds ids, EventInserter inserter, Statement schemaCookie, LogGuard guard)
{
    private bool _isRunning;

    /// <summary>Runs work inside the transaction and a savepoint.</summary>
    internal void Run(Action<SqliteConnection> work)
    {
        var cookie = schemaCookie.Scalar(-1);
        Guarded(() => work(database.Connection!), out var left);
        // At the end, too: nothing else shows what happened since the last call of the log.
        ThrowIfEnded();
        if (left is not null) throw new InvalidOperationException($"The work returned before it disposed {left}. Nothing of the transaction is kept; dispose readers and blobs within the work.");
        if (database.ViolatesForeignKeys) throw new SqliteException("SQLite Error 19: 'FOREIGN KEY constraint failed'.", 19, 787);
        // After a commit of such a schema, every open of the file and the next append would fail.
        if (schemaCookie.Scalar(-1) != cookie) schema.RefuseWrong(database);
        transaction.ReadAgain();
        // The first append of the work may have been undone, or the first event may be a row of its SQL.
        inserter.First = inserter.Head > transaction.HeadBefore && ids.IdAt(transaction.HeadBefore + 1) is { } id ? (transaction.HeadBefore + 1, id) : null;
    }

    /// <exception cref="InvalidOperationException">The transaction has ended within its work.</exception>
    internal void ThrowIfEnded()
    {
        if (transaction.HasEnded)
            throw new InvalidOperationException(
                "The work ended the transaction or closed its connection, or SQLite rolled it back (OR ROLLBACK, RAISE(ROLLBACK), an error such as a full disk). Nothing of the transaction is kept.");
    }

    /// <summary>Before statements of the library, between those of user code.</summary>
    internal void Leave()
    {
        if (_isRunning) guard.Leave();
    }

    /// <summary>After them.</summary>
    internal void Enter()
    {
        if (_isRunning) guard.Enter();
    }

    /// <summary>Reads what is stored again, since user code may have changed it: no counter shows what a savepoint undid.</summary>
    internal void CatchUp()
    {
        if (_isRunning) transaction.ReadAgain();
    }

    private void Guarded(Action work, out string? left)
    {
        _isRunning = true;
        guard.Enter();
        try
        {
            work();
        }
        catch (Exception e)
        {
            // Not in a finally block, which would run after the filters that ask what is left of the transaction.
            End();
            if (e is SqliteException { SqliteErrorCode: NativeMethods.Auth } refusal && guard.Refused is { } reason)
                throw new SqliteException($"{e.Message} A statement of the work was refused: {reason}.", refusal.SqliteErrorCode, refusal.SqliteExtendedErrorCode);
            throw;
        }

        left = End();
    }

    private string? End()
    {
        _isRunning = false;
        guard.Leave();
        return guard.EndStatements();
    }
}
