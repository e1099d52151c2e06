using Microsoft.Data.Sqlite;

namespace EventSourcing.Benchmarks;

/// <summary>The floor: Microsoft.Data.Sqlite used well, with prepared statements and nothing around them. Not thread-safe.</summary>
internal sealed class AdoFloor : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert, _readAll, _readStream;

    /// <param name="path">A file, or <c>:memory:</c>.</param>
    /// <param name="pragmas">Settings of the connection.</param>
    /// <param name="create">True creates the tables.</param>
    public AdoFloor(string path, string pragmas, bool create = false)
    {
        _connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        Execute(pragmas);
        if (create) Execute(NaiveSchema.Tables);
        _insert = Command(NaiveSchema.Insert, ("$stream", SqliteType.Text), ("$version", SqliteType.Integer), ("$id", SqliteType.Blob), ("$type", SqliteType.Text), ("$time", SqliteType.Integer), ("$data", SqliteType.Blob), ("$metadata", SqliteType.Blob));
        _readAll = Command(NaiveSchema.ReadAll, ("$after", SqliteType.Integer));
        _readStream = Command(NaiveSchema.ReadStream, ("$stream", SqliteType.Text), ("$after", SqliteType.Integer));
    }

    public void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public SqliteTransaction Begin()
    {
        var transaction = _connection.BeginTransaction();
        _insert.Transaction = transaction;
        return transaction;
    }

    /// <summary>Inserts one event: in the transaction begun, or as one of its own.</summary>
    public void Insert(string stream, long version) => Insert(stream, version, Sample.Type, Sample.Data, Sample.Metadata);

    public void Insert(string stream, long version, string type, byte[] data, byte[] metadata)
    {
        var parameters = _insert.Parameters;
        parameters[0].Value = stream;
        parameters[1].Value = version;
        parameters[2].Value = Guid.CreateVersion7().ToByteArray();
        parameters[3].Value = type;
        parameters[4].Value = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        parameters[5].Value = data;
        parameters[6].Value = metadata;
        _insert.ExecuteNonQuery();
    }

    public void Commit(SqliteTransaction transaction)
    {
        transaction.Commit();
        _insert.Transaction = null;
        transaction.Dispose();
    }

    /// <summary>Inserts events of one stream in one transaction.</summary>
    public void Append(string stream, long version, int count)
    {
        var transaction = Begin();
        for (var i = 1; i <= count; i++) Insert(stream, version + i);
        Commit(transaction);
    }

    /// <summary>Reads the whole log and returns the number of events.</summary>
    public long ReadAll() => ReadAll(null);

    /// <summary>Reads the whole log and hands each event's data over.</summary>
    public long ReadAll(Action<byte[]>? use)
    {
        _readAll.Parameters[0].Value = 0L;
        return Read(_readAll, use);
    }

    /// <summary>Reads a stream and returns the number of events.</summary>
    public long ReadStream(string stream) => ReadStream(stream, null);

    /// <summary>Reads a stream and hands each event's data over.</summary>
    public long ReadStream(string stream, Action<byte[]>? use)
    {
        _readStream.Parameters[0].Value = stream;
        _readStream.Parameters[1].Value = 0L;
        return Read(_readStream, use);
    }

    public void Dispose()
    {
        _insert.Dispose();
        _readAll.Dispose();
        _readStream.Dispose();
        _connection.Dispose();
    }

    private static long Read(SqliteCommand command, Action<byte[]>? use = null)
    {
        var (count, sum) = (0L, 0L);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            sum += reader.GetInt64(0) + reader.GetString(1).Length + reader.GetInt64(2) + reader.GetString(4).Length + reader.GetInt64(5);
            _ = reader.GetGuid(3);
            var data = reader.GetFieldValue<byte[]>(6);
            sum += data.Length + reader.GetFieldValue<byte[]>(7).Length;
            use?.Invoke(data);
            count++;
        }

        return sum == 0 ? 0 : count;
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, SqliteType Type)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, type) in parameters) command.Parameters.Add(name, type);
        command.Prepare();
        return command;
    }
}
