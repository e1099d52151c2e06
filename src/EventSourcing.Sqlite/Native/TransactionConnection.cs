using System.Data;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Native;

/// <summary>The connection that user code is given: inside the log's transaction, and so with no other to begin. It is opened once.</summary>
internal sealed class TransactionConnection(string connectionString) : SqliteConnection(connectionString)
{
    internal const string NoOther =
        "The connection is inside the log's transaction, which the log begins and ends. With EF Core, set Database.AutoTransactionBehavior = AutoTransactionBehavior.Never on the context that has this connection; for a part that may be undone alone, use SAVEPOINT.";

    private bool _wasOpened;

    // Opened again it would be a connection without guards, which waits for the lock of the transaction that it was closed in.
    public override void Open()
    {
        if (_wasOpened) throw new InvalidOperationException("The connection of the log's transaction was closed and cannot be opened again. Nothing of the transaction is kept; do not close the connection.");
        base.Open();
        _wasOpened = true;
    }

    public override SqliteTransaction BeginTransaction(IsolationLevel isolationLevel, bool deferred) => throw new InvalidOperationException(NoOther);
}
