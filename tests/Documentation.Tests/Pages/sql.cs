using Dapper;
using EventSourcing;
using EventSourcing.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

await using var store = SqliteEventStore.Open("orders.db", Shop.Types);
await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m)]);
await store.InSqliteTransactionAsync(tx => tx.Connection.Execute("CREATE TABLE Notes (Id INTEGER PRIMARY KEY AUTOINCREMENT, Text TEXT NOT NULL)"));
var log = (SqliteEventLog)store.Log;

// blocks
