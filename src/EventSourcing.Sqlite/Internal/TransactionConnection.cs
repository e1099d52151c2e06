using System.Data;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>The connection that user code is given: inside the log's transaction, and so with no other to begin.</summary>
internal sealed class TransactionConnection(string connectionString) : SqliteConnection(connectionString)
{
    internal const string NoOther =
        "The connection is inside the log's transaction, which the log begins and ends. With EF Core, set Database.AutoTransactionBehavior = AutoTransactionBehavior.Never on the context that has this connection; for a part that may be undone alone, use SAVEPOINT.";

    public override SqliteTransaction BeginTransaction(IsolationLevel isolationLevel, bool deferred) => throw new InvalidOperationException(NoOther);
}
