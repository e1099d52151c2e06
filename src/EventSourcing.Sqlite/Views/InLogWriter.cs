using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>Writes a build in the log's file within the transactions of one connection of the log's writer. Used by one thread at a time.</summary>
internal sealed unsafe class InLogWriter : IViewWriter
{
    private readonly Database _database;
    private readonly ViewBuildId _id;
    private readonly string _path;
    private readonly Statement _facts, _advance, _stall;
    private readonly Table[] _tables;
    private readonly List<Statement> _statements = [];
    private byte[] _json = [];

    /// <exception cref="StoreCorruptException">The tables are not those of the build.</exception>
    internal InLogWriter(Database database, ViewBuildId id, IReadOnlyList<ViewTable> tables, string path)
    {
        (_database, _id, _path) = (database, id, path);
        var sql = new ViewSql(ViewLayout.Of(id), tables);
        try
        {
            _facts = Prepare(sql.Facts);
            _advance = Prepare(sql.AdvanceInline);
            _stall = Prepare(sql.StallInline);
            _tables = [.. tables.Select((table, number) => new Table(
                Prepare(sql.Find(number)), Prepare(sql.Put(number)), Prepare(sql.Remove(number)), [.. table.Indexes.Select((_, index) => Prepare(sql.FindKeys(number, index)))]))];
        }
        catch
        {
            Close();
            throw;
        }
    }

    public ViewCheckpoint Checkpoint { get; private set; }

    /// <summary>Reads how far the build is in the present transaction.</summary>
    /// <exception cref="StoreCorruptException">The facts are not those of the build.</exception>
    internal void Refresh() => Checkpoint = Try(() => ViewFacts.Read(_facts, _id, _path).Checkpoint);

    public bool TryFind(int table, string key, out ReadOnlyMemory<byte> json, out GlobalPosition position)
    {
        var found = Try(() => Find(table, key));
        (json, position) = found.GetValueOrDefault();
        return found is not null;
    }

    public IReadOnlyList<string> FindKeys(int table, int index, ViewValue value) => Try(() =>
    {
        var keys = new List<string>();
        var statement = _tables[table].FindKeys[index].Bind(1, value);
        try
        {
            while (statement.Step()) keys.Add(statement.Text(0));
        }
        finally
        {
            statement.Reset();
        }

        return keys;
    });

    public void Begin()
    {
    }

    public void Put(int table, string key, GlobalPosition position, ReadOnlySpan<byte> json, ReadOnlySpan<ViewValue> values)
    {
        try
        {
            var statement = _tables[table].Put.Bind(1, key).Bind(2, position.ToInt64());
            for (var i = 0; i < values.Length; i++) statement.Bind(4 + i, values[i]);
            fixed (byte* bytes = json)
            {
                statement.BindPinned(3, bytes, json.Length, asText: true);
                statement.Run();
            }
        }
        catch (SqliteException e)
        {
            throw ViewErrors.TranslateWriting(e, _path);
        }
    }

    public void Remove(int table, string key, GlobalPosition position) => Try(() =>
    {
        _tables[table].Remove.Bind(1, key).Run();
        return true;
    });

    public bool Commit(ViewCheckpoint checkpoint) => Try(() =>
    {
        _advance.Bind(1, checkpoint.Position.ToInt64()).Bind(2, checkpoint.Token.ToString()).Run();
        Checkpoint = checkpoint;
        return true;
    });

    public void Rollback()
    {
    }

    public void ReportStall(string? stall) => Try(() =>
    {
        _stall.Bind(1, stall).Run();
        return true;
    });

    // The connection keeps the statements for its next transactions.
    public void Dispose()
    {
    }

    /// <summary>Gives the statements back.</summary>
    internal void Close()
    {
        foreach (var statement in _statements) statement.Dispose();
    }

    private Statement Prepare(string sql)
    {
        try
        {
            var statement = _database.PrepareOnce(sql);
            _statements.Add(statement);
            return statement;
        }
        catch (SqliteException e)
        {
            throw ViewErrors.TranslateWriting(e, _path);
        }
    }

    private (ReadOnlyMemory<byte>, GlobalPosition)? Find(int table, string key)
    {
        var statement = _tables[table].Find.Bind(1, key);
        try
        {
            if (!statement.Step()) return null;
            var json = SqliteViewSnapshot.JsonBytes(statement, 0);
            if (json.IsEmpty) throw new StoreCorruptException($"The document '{key}' of build '{_id}' is no JSON text. Rebuild the view.", _path);
            if (_json.Length < json.Length) _json = new byte[Math.Max(json.Length, 2 * _json.Length)];
            json.CopyTo(_json);
            return (_json.AsMemory(0, json.Length), GlobalPosition.FromInt64(statement.Int64(1)));
        }
        finally
        {
            statement.Reset();
        }
    }

    private T Try<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            throw ViewErrors.TranslateWriting(e, _path);
        }
    }

    private sealed record Table(Statement Find, Statement Put, Statement Remove, Statement[] FindKeys);
}
