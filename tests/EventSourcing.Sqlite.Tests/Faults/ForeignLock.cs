using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests.Faults;

/// <summary>Another program's write transaction.</summary>
internal sealed class ForeignLock : IDisposable
{
    private readonly SqliteConnection _connection;

    internal ForeignLock(string path)
    {
        _connection = new($"Data Source={path};Pooling=false");
        _connection.Open();
        Execute("BEGIN IMMEDIATE");
    }

    public void Dispose()
    {
        Execute("ROLLBACK");
        _connection.Dispose();
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
