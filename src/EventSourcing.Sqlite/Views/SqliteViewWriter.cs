using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>The connection that writes a build. Used by one thread at a time; the build may close it from another.</summary>
internal sealed unsafe class SqliteViewWriter : IViewWriter
{
    // A build that is not complete is read by no one, so that its write-ahead log may be long: a page that many commits change is copied less often.
    private const int CacheKib = 16_384, CheckpointPages = 1000, CheckpointPagesOfNewBuild = 10_000;

    private static readonly TimeSpan s_checkpointWaits = TimeSpan.FromSeconds(1);

    private readonly SqliteViewBuild _build;
    private readonly ViewConnection _connection;
    private readonly ChangeRows _changes;
    private readonly long _fencingToken;
    private byte[] _json = [];
    private Exception? _fault;
    private readonly HandlerTransaction? _handlers;
    private bool _isReleased;
    // True since a document was written in the open transaction.
    private bool _hasWritten;

    private SqliteViewWriter(SqliteViewBuild build, ViewConnection connection, long fencingToken)
    {
        (_build, _connection, _changes, _fencingToken) = (build, connection, build.NewChangeRows(connection), fencingToken);
        _handlers = connection.Handlers is { } runner ? new(this, connection, runner) : null;
    }

    public ViewCheckpoint Checkpoint { get; private set; }

    /// <returns>Null when a higher fencing token is stored.</returns>
    internal static SqliteViewWriter? Open(SqliteViewBuild build, long fencingToken)
    {
        var connection = default(ViewConnection);
        try
        {
            connection = ViewConnection.Open(build.File, isReadOnly: false, CacheKib, build.Handled);
            var writer = new SqliteViewWriter(build, connection, fencingToken);
            lock (connection.Gate)
                if (writer.TakeOver()) return writer;
            connection.Dispose();
            return null;
        }
        catch (Exception e)
        {
            connection?.Dispose();
            if (e is SqliteException sqlite) throw ViewErrors.TranslateWriting(sqlite, build.Path);
            throw;
        }
    }

    public bool TryFind(int table, string key, out ReadOnlyMemory<byte> json, out GlobalPosition position)
    {
        ArgumentNullException.ThrowIfNull(key);
        _build.ThrowIfNoTable(table);
        try
        {
            lock (_connection.Gate)
            {
                if (_fault is not null) throw _fault;
                var found = IsOpen && _hasWritten ? FindCommitted(table, key) : Find(table, key);
                (json, position) = found.GetValueOrDefault();
                return found is not null;
            }
        }
        catch (SqliteException e)
        {
            throw ViewErrors.TranslateWriting(e, _build.Path);
        }
    }

    public IReadOnlyList<string> FindKeys(int table, int index, ViewValue value)
    {
        _build.ThrowIfNoIndex(table, index);
        return Try(() =>
        {
            var keys = new List<string>();
            if (IsOpen && _hasWritten)
            {
                using var snapshot = _build.OpenSnapshot();
                keys.AddRange(snapshot.Read(new() { Table = table, Conditions = [new(index, value, value)], Max = int.MaxValue }).Select(row => row.Key));
                return keys;
            }

            var statement = _connection.Prepared(_build.Sql.FindKeys(table, index)).Bind(1, value);
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
    }

    public void Begin() => Try(() =>
    {
        if (IsOpen) throw new InvalidOperationException("A transaction is open already. Commit it or roll it back first.");
        _build.ThrowIfReplaced();
        _connection.Run(ViewSql.BeginWriting);
        if (_build.Sql.Layout.InLog is not null) ThrowIfOther();
        _hasWritten = false;
        _changes.Begin(Checkpoint.IsComplete);
        return true;
    });

    public void Put(int table, string key, GlobalPosition position, ReadOnlySpan<byte> json, ReadOnlySpan<ViewValue> values)
    {
        ArgumentNullException.ThrowIfNull(key);
        var indexes = _build.ThrowIfNoTable(table).Indexes.Count;
        if (values.Length != indexes) throw new ArgumentException($"There are {values.Length} values for {indexes} indexes.", nameof(values));
        lock (_connection.Gate)
        {
            ThrowIfNotWriting();
            _hasWritten = true;
            try
            {
                _changes.Add(table, key, position, json);
                var statement = _connection.Prepared(_build.Sql.Put(table)).Bind(1, key).Bind(2, position.ToInt64());
                for (var i = 0; i < values.Length; i++) statement.Bind(4 + i, values[i]);
                fixed (byte* bytes = json)
                {
                    statement.BindPinned(3, bytes, json.Length, asText: true);
                    statement.Run();
                }
            }
            catch (SqliteException e)
            {
                throw ViewErrors.TranslateWriting(e, _build.Path);
            }
        }
    }

    public void Remove(int table, string key, GlobalPosition position)
    {
        ArgumentNullException.ThrowIfNull(key);
        _build.ThrowIfNoTable(table);
        Try(() =>
        {
            ThrowIfNotWriting();
            _hasWritten = true;
            _changes.Add(table, key, position, default);
            _connection.Prepared(_build.Sql.Remove(table)).Bind(1, key).Run();
            return true;
        });
    }

    public bool Commit(ViewCheckpoint checkpoint) => Try(() =>
    {
        ThrowIfNotWriting();
        _changes.Trim();
        var statement = _connection.Prepared(_build.Sql.Advance).Bind(1, _fencingToken).Bind(2, checkpoint.Position.ToInt64()).Bind(3, checkpoint.Token.ToString()).Bind(4, checkpoint.IsComplete ? 1 : 0);
        if (!CommitFenced(statement)) return false;
        var isCompleted = checkpoint.IsComplete && !Checkpoint.IsComplete;
        Checkpoint = checkpoint;
        // The log's own next commit brings its file to the disk, with the record that makes the build serve.
        if (isCompleted && _build.Sql.Layout.InLog is null) Complete();
        return true;
    });

    public void Rollback()
    {
        lock (_connection.Gate)
        {
            try
            {
                _connection.Rollback();
            }
            catch (SqliteException e)
            {
                throw ViewErrors.TranslateWriting(e, _build.Path);
            }
        }
    }

    public void ReportStall(string? stall)
    {
        Begin();
        Try(() => CommitFenced(_connection.Prepared(_build.Sql.Stall).Bind(1, _fencingToken).Bind(2, stall)));
    }

    public T? Find<T>() where T : class => this as T ?? _handlers as T;

    public void Dispose()
    {
        _connection.Dispose();
        if (Interlocked.Exchange(ref _isReleased, true)) return;
        _build.Release();
    }

    /// <summary>True while a transaction is open.</summary>
    internal bool IsOpen => !_connection.Database.IsAutoCommit;

    private void ThrowIfOther()
    {
        try
        {
            _build.ThrowIfOther(_connection.ReadFacts(_build.Sql, _build.Id));
        }
        catch
        {
            _connection.Rollback();
            throw;
        }
    }

    private bool TakeOver()
    {
        _connection.Run(ViewSql.BeginWriting);
        // In the transaction: the facts and the tables are those that are written.
        var facts = _connection.ReadFacts(_build.Sql, _build.Id);
        _build.ThrowIfOther(facts);
        Checkpoint = facts.Checkpoint;
        _build.Verify(_connection);
        // A connection to another file than the build's may have been opened.
        _ = _build.File.ThrowIfReplaced();
        _connection.Database.AutomaticCheckpoint(Checkpoint.IsComplete ? CheckpointPages : CheckpointPagesOfNewBuild);
        return CommitFenced(_connection.Prepared(_build.Sql.Fence).Bind(1, _fencingToken));
    }

    // Runs the update of the facts and commits, unless a higher fencing token is stored.
    private bool CommitFenced(Statement update)
    {
        try
        {
            update.Run();
            if (_connection.Database.Changes == 1)
            {
                _connection.Run(ViewSql.Commit);
                return true;
            }

            // Says what is wrong where it is not the fencing token.
            _ = _connection.ReadFacts(_build.Sql, _build.Id);
            _connection.Rollback();
            return false;
        }
        catch
        {
            _connection.Rollback();
            throw;
        }
    }

    // The commit is in the write-ahead log, and nothing of it need be on the disk yet: SQLite changes the setting between transactions only.
    private void Complete()
    {
        try
        {
            if (!TryCheckpoint()) FileDurability.SynchronizeWriteAheadLog(_build.Path + "-wal");
            var folder = Path.GetDirectoryName(_build.Path)!;
            FileDurability.SynchronizeFolder(folder);
            FileDurability.SynchronizeFolder(Path.GetDirectoryName(folder)!);
            _connection.Database.AutomaticCheckpoint(CheckpointPages);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The caller must not repeat what is committed: the next writer reads the checkpoint.
            _fault = FileErrors.Translate(e, $"'{_build.Path}' was written, but could not be brought to the disk");
            throw _fault;
        }
    }

    /// <returns>False when readers of older states keep pages in the write-ahead log, or there is no room for all of them in the file.</returns>
    private bool TryCheckpoint()
    {
        var isWhole = false;
        try
        {
            _connection.Run("PRAGMA synchronous = FULL");
            _connection.WithBusyTimeout(s_checkpointWaits, () => isWhole = _connection.Prepared(ViewSql.CheckpointAll).Scalar(1) == 0);
        }
        catch (SqliteException)
        {
            // The write-ahead log holds everything still.
        }

        _connection.Run("PRAGMA synchronous = NORMAL");
        return isWhole;
    }

    private (ReadOnlyMemory<byte>, GlobalPosition)? Find(int table, string key)
    {
        var statement = _connection.Prepared(_build.Sql.Find(table)).Bind(1, key);
        try
        {
            if (!statement.Step()) return null;
            var json = SqliteViewSnapshot.JsonBytes(statement, 0);
            if (json.IsEmpty) throw _build.NoDocument(table, key);
            if (_json.Length < json.Length) _json = new byte[Math.Max(json.Length, 2 * _json.Length)];
            json.CopyTo(_json);
            return (_json.AsMemory(0, json.Length), GlobalPosition.FromInt64(statement.Int64(1)));
        }
        finally
        {
            statement.Reset();
        }
    }

    // The writer's own connection would see the rows of the transaction.
    private (ReadOnlyMemory<byte>, GlobalPosition)? FindCommitted(int table, string key)
    {
        using var snapshot = _build.OpenSnapshot();
        return snapshot.Find(table, key) is { } row ? (row.Json, row.Position) : null;
    }

    private void ThrowIfNotWriting()
    {
        if (_fault is not null) throw _fault;
        if (!IsOpen) throw new InvalidOperationException("No transaction is open. Begin one first.");
    }

    private T Try<T>(Func<T> work)
    {
        try
        {
            lock (_connection.Gate)
            {
                if (_fault is not null) throw _fault;
                return work();
            }
        }
        catch (SqliteException e)
        {
            throw ViewErrors.TranslateWriting(e, _build.Path);
        }
    }
}
