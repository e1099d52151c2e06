using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>Runs user code on a connection to a view's file, inside a transaction that it can neither end nor leave. Used under the connection's gate.</summary>
internal sealed class HandlerRunner(Database database, Lock gate, IReadOnlyList<ViewTable> tables) : IDisposable
{
    private readonly ViewGuard _guard = new(database, gate, tables);

    /// <summary>True when the transaction has ended though the library did not end it.</summary>
    internal bool HasEnded => _guard.HasEnded;

    /// <summary>A transaction was begun.</summary>
    internal void Begin() => _guard.Begin();

    /// <summary>Runs user code.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="isSchema">True where it makes its tables.</param>
    /// <param name="work">The code.</param>
    /// <exception cref="InvalidOperationException">It has ended the transaction, or has left a reader open.</exception>
    internal void Run(int table, bool isSchema, Action<SqliteConnection> work)
    {
        _guard.Enter(table, isSchema);
        try
        {
            work(database.Connection!);
        }
        catch (Exception e)
        {
            End();
            // A function that is refused is an error of the statement.
            if (e is SqliteException { SqliteErrorCode: NativeMethods.Auth or 1 } refusal && _guard.Refused is { } reason)
                throw new SqliteException($"{e.Message} The statement was refused: {reason}.", refusal.SqliteErrorCode, refusal.SqliteExtendedErrorCode);
            throw;
        }

        var left = End();
        if (HasEnded) throw new InvalidOperationException("SQL of the handler has ended the transaction: SQLite rolled it back (OR ROLLBACK, ON CONFLICT ROLLBACK, RAISE(ROLLBACK)).");
        if (left is not null) throw new InvalidOperationException($"The handler returned before it disposed {left}.");
        if (database.ViolatesForeignKeys) throw new SqliteException("SQLite Error 19: 'FOREIGN KEY constraint failed'.", 19, 787);
    }

    public void Dispose() => _guard.Dispose();

    private string? End()
    {
        _guard.Leave();
        return _guard.EndStatements();
    }
}
