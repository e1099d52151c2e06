using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>A transaction that reads, on a connection of the build.</summary>
internal sealed class SqliteViewSnapshot : IViewSnapshot
{
    private readonly SqliteViewBuild _build;
    private ViewConnection? _connection;

    internal SqliteViewSnapshot(SqliteViewBuild build, ViewConnection connection, ViewFacts facts) =>
        (_build, _connection, Checkpoint, Stall) = (build, connection, facts.Checkpoint, facts.Stall);

    public ViewCheckpoint Checkpoint { get; }

    public string? Stall { get; }

    public StoredViewRow? Find(int table, string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        _build.ThrowIfNoTable(table);
        return Try(connection =>
        {
            var statement = connection.Prepared(_build.Sql.Find(table)).Bind(1, key);
            try
            {
                return statement.Step() ? new StoredViewRow(key, GlobalPosition.FromInt64(statement.Int64(1)), Json(statement, 0, table, key), default) : default(StoredViewRow?);
            }
            finally
            {
                statement.Reset();
            }
        });
    }

    public IReadOnlyList<StoredViewRow> Read(ViewRead read)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentOutOfRangeException.ThrowIfLessThan(read.Max, 1);
        if (read.OrderBy is { } index) _build.ThrowIfNoIndex(read.Table, index);
        ThrowIfInvalid(read.Table, read.Conditions);
        return Try(connection =>
        {
            var rows = new List<StoredViewRow>();
            foreach (var query in ViewQuery.Of(read, _build.Sql.Layout))
            {
                if (rows.Count == read.Max) break;
                Read(connection, query, read, rows);
            }

            return rows;
        });
    }

    public long Count(int table, IReadOnlyList<ViewCondition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        ThrowIfInvalid(table, conditions);
        return Try(connection =>
        {
            var query = ViewQuery.Count(table, conditions, _build.Sql.Layout);
            var statement = connection.Prepared(query.Sql);
            Bind(statement, query);
            return statement.Scalar(0);
        });
    }

    /// <summary>Reads rows one after the other, in this snapshot. The snapshot is disposed after it.</summary>
    internal TableWalk Walk(string sql)
    {
        var connection = _connection;
        ObjectDisposedException.ThrowIf(connection is null, this);
        return new(connection, sql);
    }

    /// <summary>A connection of its own for user code, which only reads, in a snapshot not older than this one.</summary>
    internal SqliteConnection OpenConnection() => ReadingConnection.Open(_build.Path, _build.Id, Checkpoint.Position);

    public ViewChangePlace FindLastChange(int table)
    {
        _build.ThrowIfNoChanges(table);
        return Try(connection => ChangeRows.FindLast(connection, _build.Sql.Layout, table));
    }

    public IReadOnlyList<StoredViewChange> ReadChanges(int table, long fromOrdinal, int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        _build.ThrowIfNoChanges(table);
        return Try(connection => ChangeRows.Read(connection, _build.Sql.Layout, table, fromOrdinal, max, key => _build.NoDocument(table, key)));
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _connection, null) is { } connection) _build.Return(connection);
    }

    /// <summary>The document of a row. A part of a file that was cut off and grown again reads as zeros, which no JSON has.</summary>
    internal static ReadOnlySpan<byte> JsonBytes(Statement statement, int column)
    {
        var json = statement.IsText(column) ? statement.Bytes(column) : default;
        return json.Contains((byte)0) ? default : json;
    }

    private void Read(ViewConnection connection, ViewQuery query, ViewRead read, List<StoredViewRow> rows)
    {
        var statement = connection.Prepared(query.Sql);
        if (read.After is var (_, after)) statement.Bind(ViewQuery.KeyParameter, after);
        statement.Bind(ViewQuery.MaxParameter, read.Max - rows.Count);
        Bind(statement, query);
        try
        {
            while (statement.Step())
            {
                var key = statement.Text(0);
                rows.Add(new(key, GlobalPosition.FromInt64(statement.Int64(1)), Json(statement, 2, read.Table, key), read.OrderBy is null ? default : statement.Value(3)));
            }
        }
        finally
        {
            statement.Reset();
        }
    }

    private static void Bind(Statement statement, ViewQuery query)
    {
        for (var i = 0; i < query.Values.Count; i++) statement.Bind(ViewQuery.FirstValueParameter + i, query.Values[i]);
    }

    private byte[] Json(Statement statement, int column, int table, string key)
    {
        var json = JsonBytes(statement, column);
        return json.IsEmpty ? throw _build.NoDocument(table, key) : json.ToArray();
    }

    private void ThrowIfInvalid(int table, IReadOnlyList<ViewCondition> conditions)
    {
        _build.ThrowIfNoTable(table);
        foreach (var condition in conditions) _build.ThrowIfNoIndex(table, condition.Index);
    }

    private T Try<T>(Func<ViewConnection, T> read)
    {
        var connection = _connection;
        ObjectDisposedException.ThrowIf(connection is null, this);
        try
        {
            lock (connection.Gate) return read(connection);
        }
        catch (SqliteException e)
        {
            throw ViewErrors.TranslateReading(e, connection.Path);
        }
    }
}
