using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>An open file of a build, with a few connections that read and at most one that writes. Thread-safe.</summary>
internal sealed class SqliteViewBuild : IViewBuild
{
    private const int MaxIdle = 8, ReaderCacheKib = 2048;

    private readonly Lock _lock = new();
    private readonly Stack<ViewConnection> _idle = [];
    private readonly HashSet<ViewConnection> _used = [];
    private readonly IReadOnlyList<ViewTable> _tables;
    private readonly bool _isReadOnly;
    private SqliteViewWriter? _writer;
    private bool _hasWriter;
    private volatile bool _isClosed;
    private volatile StoreCorruptException? _damage;

    private SqliteViewBuild(ViewFile file, ViewBuildId id, ViewLayout layout, IReadOnlyList<ViewTable> tables, bool isReadOnly) =>
        (File, Id, Sql, _tables, _isReadOnly) = (file, id, new(layout, tables), tables, isReadOnly);

    public Guid LogId { get; private set; }

    public Guid Origin { get; private set; }

    public long FencingToken => InSnapshot((_, facts) => facts.FencingToken);

    /// <summary>The tables of the set where a projection of it has tables of its own; null where none has.</summary>
    internal IReadOnlyList<ViewTable>? Handled => _tables.Any(table => table.Own is not null) ? _tables : null;

    internal ViewFile File { get; }

    internal ViewBuildId Id { get; }

    internal ViewSql Sql { get; }

    internal string Path => File.Path;

    /// <summary>What is called when the build is closed.</summary>
    internal Action<SqliteViewBuild>? Closing { get; init; }

    /// <exception cref="StoreCorruptException">The file is not that of the build.</exception>
    internal static SqliteViewBuild Open(ViewFile file, ViewBuildId id, ViewLayout layout, IReadOnlyList<ViewTable> tables, bool isReadOnly, Action<SqliteViewBuild> closing)
    {
        var build = new SqliteViewBuild(file, id, layout, [.. tables], isReadOnly) { Closing = closing };
        try
        {
            (build.LogId, build.Origin) = build.InSnapshot((connection, facts) => (facts.LogId, build.ReadOrigin(connection)));
            build.File.AdoptLog();
            return build;
        }
        catch
        {
            build.Dispose();
            throw;
        }
    }

    public IViewSnapshot OpenSnapshot()
    {
        var (connection, facts) = Begin();
        return new SqliteViewSnapshot(this, connection, facts);
    }

    public IViewWriter? OpenWriter(long fencingToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fencingToken);
        if (_isReadOnly) throw new StoreReadOnlyException($"'{Path}' belongs to a log that was opened for reading only. Nothing was written.");
        ObjectDisposedException.ThrowIf(_isClosed, this);
        ThrowIfReplaced();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_hasWriter) throw new InvalidOperationException($"A writer of the build '{Id}' is open already. Dispose it first.");
            _hasWriter = true;
        }

        var writer = default(SqliteViewWriter);
        try
        {
            writer = SqliteViewWriter.Open(this, fencingToken);
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isClosed, this);
                return _writer = writer;
            }
        }
        catch
        {
            writer?.Dispose();
            throw;
        }
        finally
        {
            if (writer is null) Release();
        }
    }

    public void Dispose()
    {
        ViewConnection[] open;
        SqliteViewWriter? writer;
        lock (_lock)
        {
            if (_isClosed) return;
            _isClosed = true;
            open = [.. _used, .. _idle];
            writer = _writer;
            _used.Clear();
            _idle.Clear();
        }

        writer?.Dispose();
        foreach (var connection in open) connection.Dispose();
        Closing?.Invoke(this);
    }

    /// <summary>Takes back the connection of a snapshot.</summary>
    internal void Return(ViewConnection connection)
    {
        var isKept = false;
        lock (connection.Gate)
        {
            try
            {
                connection.Rollback();
                isKept = !connection.IsClosed;
            }
            catch (SqliteException)
            {
                // The connection is closed below: nothing was written that could be lost.
            }
        }

        lock (_lock)
        {
            _used.Remove(connection);
            isKept = isKept && !_isClosed && _idle.Count < MaxIdle;
            if (isKept) _idle.Push(connection);
        }

        if (!isKept) connection.Dispose();
    }

    /// <summary>The writer is closed: another may be opened.</summary>
    internal void Release()
    {
        lock (_lock) (_writer, _hasWriter) = (null, false);
    }

    internal ViewTable ThrowIfNoTable(int table) =>
        (uint)table < (uint)_tables.Count ? _tables[table] : throw new ArgumentOutOfRangeException(nameof(table), table, $"The build '{Id}' has {_tables.Count} tables.");

    internal void ThrowIfNoChanges(int table)
    {
        if (ThrowIfNoTable(table).MaxChanges == 0) throw new InvalidOperationException($"The table '{_tables[table].Name}' of the build '{Id}' keeps no changes.");
    }

    /// <summary>Adds changes to the tables that keep them.</summary>
    internal ChangeRows NewChangeRows(ViewConnection connection) => new(connection, _tables, Sql.Layout);

    internal void ThrowIfNoIndex(int table, int index)
    {
        if ((uint)index >= (uint)ThrowIfNoTable(table).Indexes.Count) throw new ArgumentOutOfRangeException(nameof(index), index, $"The table '{_tables[table].Name}' of the build '{Id}' has {_tables[table].Indexes.Count} indexes.");
    }

    internal StoreCorruptException NoDocument(int table, string key) => new($"The document '{key}' of '{_tables[table].Name}' is no JSON text. Rebuild the view.", Path);

    /// <summary>Looks at the files, and reads the content again where the file was written: the connections keep pages in memory, and would not see that a program wrote it that knows nothing of SQLite.</summary>
    /// <exception cref="StoreCorruptException">The file was removed or truncated, or it or its content was replaced.</exception>
    internal void ThrowIfReplaced()
    {
        if (_damage is { } damage) throw new StoreCorruptException(damage.What, damage.Where, damage);
        if (File.ThrowIfReplaced() is not { } changed) return;
        try
        {
            OpenVerified().Dispose();
            File.Accept(changed);
        }
        catch (SqliteException e)
        {
            throw Remembered(ViewErrors.TranslateReading(e, Path));
        }
        catch (StoreCorruptException e)
        {
            throw Remembered(e);
        }
    }

    /// <summary>Compares everything that a new connection reads with what the build consists of.</summary>
    internal void Verify(ViewConnection connection)
    {
        var found = new Dictionary<string, string>();
        connection.Database.ForEach(ViewSql.Objects, row => found[row.Text(0)] = row.Text(1));
        if (ViewSchema.Difference(found, Sql.Layout, _tables) is { } difference) throw new StoreCorruptException($"The tables are not those of the build '{Id}': {difference}. Rebuild the view.", Path);
        if (connection.Database.Scalar(ViewSql.JournalMode) != "wal") throw new StoreCorruptException("The file is not in WAL mode. Rebuild the view.", Path);
        if (Sql.Layout.InLog is not null) return;
        if (connection.Database.Scalar(ViewSql.IsOfOneOrigin) != "1") throw new StoreCorruptException($"The file and its write-ahead log '{Path}-wal' do not belong together. Rebuild the view.", Path);
    }

    private Guid ReadOrigin(ViewConnection connection)
    {
        var text = connection.Database.Scalar(Sql.Origin);
        return Guid.TryParse(text, out var origin) ? origin : throw new StoreCorruptException($"'{text}' is no origin of a file. Rebuild the view.", connection.Path);
    }

    private T InSnapshot<T>(Func<ViewConnection, ViewFacts, T> look)
    {
        var (connection, facts) = Begin();
        try
        {
            return look(connection, facts);
        }
        finally
        {
            Return(connection);
        }
    }

    private (ViewConnection, ViewFacts) Begin()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        ThrowIfReplaced();
        var connection = default(ViewConnection);
        try
        {
            connection = Rent();
            lock (connection.Gate)
            {
                var facts = connection.BeginSnapshot(Sql, Id);
                ThrowIfOther(facts);
                return (connection, facts);
            }
        }
        catch (Exception e)
        {
            if (connection is not null) Drop(connection);
            if (e is SqliteException sqlite) throw ViewErrors.TranslateReading(sqlite, Path);
            throw;
        }
    }

    private ViewConnection Rent()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_idle.TryPop(out var idle))
            {
                _used.Add(idle);
                return idle;
            }
        }

        var connection = OpenVerified();
        lock (_lock)
        {
            if (!_isClosed)
            {
                _used.Add(connection);
                return connection;
            }
        }

        connection.Dispose();
        throw new ObjectDisposedException(nameof(IViewBuild));
    }

    private ViewConnection OpenVerified()
    {
        var connection = ViewConnection.Open(File, _isReadOnly, ReaderCacheKib);
        try
        {
            ThrowIfOther(connection.BeginSnapshot(Sql, Id));
            Verify(connection);
            connection.Rollback();
            // The name may stand for another file since before.
            _ = File.ThrowIfReplaced();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Compares the facts with those of the build that was opened.</summary>
    /// <exception cref="StoreCorruptException">They are those of another one.</exception>
    internal void ThrowIfOther(in ViewFacts facts)
    {
        // In the log's file nothing else tells a build from one that was made again with its number.
        if (Sql.Layout.InLog is not null && Origin != default && facts.Origin != Origin) throw new StoreCorruptException($"The build '{Id}' was removed and made again while it was open. Open it again.", Path);
        if (LogId != default && facts.LogId != LogId) throw new StoreCorruptException($"The file's content was replaced while it was open: it is that of another log, with the id {facts.LogId}. Rebuild the view.", Path);
    }

    // Damage stays, also where the connections do not see it.
    private Exception Remembered(Exception e)
    {
        _damage = e as StoreCorruptException;
        return e;
    }

    private void Drop(ViewConnection connection)
    {
        lock (_lock) _used.Remove(connection);
        connection.Dispose();
    }
}
