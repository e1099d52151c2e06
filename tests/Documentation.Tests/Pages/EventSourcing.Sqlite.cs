using EventSourcing;
using EventSourcing.Sqlite;

await using var store = SqliteEventStore.Open("orders.db", Shop.Types);
await store.InSqliteTransactionAsync(tx =>
{
    using var command = tx.Connection.CreateCommand();
    command.CommandText = "CREATE TABLE stock (sku TEXT PRIMARY KEY, quantity INTEGER NOT NULL)";
    command.ExecuteNonQuery();
});

// blocks
