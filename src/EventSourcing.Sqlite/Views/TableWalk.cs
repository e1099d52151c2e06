using EventSourcing.Sqlite.Native;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>Reads the rows of a statement one after the other, in the snapshot that it was begun in. Only the present row is in memory.</summary>
internal sealed class TableWalk : IDisposable
{
    private readonly ViewConnection _connection;
    private readonly Statement _statement;
    private bool _isDone;

    internal TableWalk(ViewConnection connection, string sql)
    {
        _connection = connection;
        _statement = Try(() => connection.Database.PrepareOnce(sql));
    }

    /// <summary>The next row; null when there is none.</summary>
    internal SqlValue[]? Next() => _isDone ? null : Try(() =>
    {
        _ = _connection.Database;
        if (!_statement.Step())
        {
            _isDone = true;
            return null;
        }

        var row = new SqlValue[_statement.ColumnCount];
        for (var i = 0; i < row.Length; i++) row[i] = SqlValue.Of(_statement, i);
        return row;
    });

    public void Dispose()
    {
        lock (_connection.Gate) _statement.Dispose();
    }

    private T Try<T>(Func<T> read)
    {
        try
        {
            lock (_connection.Gate) return read();
        }
        catch (SqliteException e)
        {
            throw ViewErrors.TranslateReading(e, _connection.Path);
        }
    }
}
