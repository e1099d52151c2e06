using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <inheritdoc/>
internal sealed class TableWriter(HandlerTransaction transaction, int table, IReadOnlyDictionary<Type, Action<SqliteConnection, EventEnvelope>> handlers) : ITableWriter
{
    public bool IsInTransaction => transaction.IsInTransaction;

    public bool IsLost => transaction.IsLost;

    public void Handle(EventEnvelope envelope)
    {
        var handle = handlers[envelope.Data.GetType()];
        transaction.Run(table, connection => handle(connection, envelope));
    }

    public void Keep() => transaction.Keep();

    public void Undo() => transaction.Undo();
}
