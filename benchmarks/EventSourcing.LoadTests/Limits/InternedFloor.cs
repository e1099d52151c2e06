using EventSourcing.Benchmarks;
using Microsoft.Data.Sqlite;

namespace EventSourcing.LoadTests.Limits;

/// <summary>A floor whose events name stream and type by number: the smallest rows that still answer the same questions.</summary>
internal sealed class InternedFloor : IDisposable
{
    private const string Tables =
        "CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
        + "CREATE TABLE events (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL, id BLOB NOT NULL, type INTEGER NOT NULL, "
        + "time INTEGER NOT NULL, data BLOB NOT NULL, metadata BLOB NOT NULL);"
        + "CREATE UNIQUE INDEX events_stream ON events (stream, version);";

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _stream, _event;

    public InternedFloor(string path, string pragmas)
    {
        _connection = new($"Data Source={path};Pooling=False");
        _connection.Open();
        using (var setUp = _connection.CreateCommand())
        {
            setUp.CommandText = pragmas + Tables;
            setUp.ExecuteNonQuery();
        }

        _stream = Command("INSERT INTO streams (id, name) VALUES ($1, $2)", 2);
        _event = Command("INSERT INTO events (stream, version, id, type, time, data, metadata) VALUES ($1, $2, $3, 1, $4, $5, $6)", 6);
    }

    public SqliteTransaction Begin() => _event.Transaction = _stream.Transaction = _connection.BeginTransaction();

    public void Insert(ulong number, string name, int version)
    {
        if (version == 0) Run(_stream, (long)number + 1, name);
        Run(_event, (long)number + 1, version + 1L, Guid.CreateVersion7().ToByteArray(), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Sample.Data, Sample.Metadata);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _event.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Command(string sql, int parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 1; i <= parameters; i++) command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
        return command;
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
        command.ExecuteNonQuery();
    }
}
