using System.Text.Json;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using Microsoft.Data.Sqlite;

namespace EventSourcing.LoadTests.Views;

/// <summary>What a developer writes without views: for each event the document is read, changed and stored, in transactions of 1,000 events, with prepared statements.</summary>
internal sealed class HandWritten : IDisposable
{
    private const int PerTransaction = 1000;

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _find, _put;

    internal HandWritten(string path)
    {
        _connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE IF NOT EXISTS orders (key TEXT NOT NULL PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID");
        _find = Command("SELECT json FROM orders WHERE key = $key", "$key");
        _put = Command("INSERT INTO orders (key, json) VALUES ($key, $json) ON CONFLICT (key) DO UPDATE SET json = excluded.json", "$key", "$json");
    }

    internal async Task RunAsync(IEventStore store)
    {
        SqliteTransaction? transaction = null;
        var count = 0;
        await foreach (var envelope in store.ReadAllAsync(EventQuery.Of<LineSold>()))
        {
            if (transaction is null) _find.Transaction = _put.Transaction = transaction = _connection.BeginTransaction();
            Handle((LineSold)envelope.Data, envelope.Timestamp);
            if (++count % PerTransaction != 0) continue;
            transaction.Commit();
            transaction.Dispose();
            transaction = null;
        }

        transaction?.Commit();
        transaction?.Dispose();
    }

    public void Dispose()
    {
        _find.Dispose();
        _put.Dispose();
        _connection.Dispose();
    }

    private void Handle(LineSold e, DateTimeOffset at)
    {
        _find.Parameters[0].Value = e.Order;
        var document = _find.ExecuteScalar() is string json ? JsonSerializer.Deserialize(json, SalesJson.Default.OrderDocument) : null;
        _put.Parameters[0].Value = e.Order;
        _put.Parameters[1].Value = JsonSerializer.Serialize(Sales.Apply(document, e, at), SalesJson.Default.OrderDocument);
        _put.ExecuteNonQuery();
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params string[] parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters) command.Parameters.Add(parameter, SqliteType.Text);
        command.Prepare();
        return command;
    }
}
