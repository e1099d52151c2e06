using System.Globalization;
using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>A connection to a build's file with the statements that were prepared on it. Used under <see cref="Gate"/>, so that it can be closed by another thread.</summary>
internal sealed class ViewConnection : IDisposable
{
    // An application has few forms of queries; each cursor adds at most three.
    private const int MaxStatements = 100;

    private static readonly TimeSpan s_busyTimeout = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Statement> _statements = [];
    private readonly ViewFile _file;
    private readonly Database _database;

    private ViewConnection(ViewFile file, Database database, IReadOnlyList<ViewTable>? handled)
    {
        (_file, _database) = (file, database);
        Handlers = handled is null ? null : new(database, Gate, handled);
    }

    internal Lock Gate { get; } = new();

    /// <summary>Runs handlers on the connection; null where it was not opened for them.</summary>
    internal HandlerRunner? Handlers { get; }

    internal Database Database => IsClosed ? throw new ObjectDisposedException(nameof(IViewBuild), "The build was closed.") : _database;

    internal bool IsClosed { get; private set; }

    internal string Path => _file.Path;

    /// <summary>Opens a connection; the file is never created.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isReadOnly">True to never write.</param>
    /// <param name="cacheKib">How much of the file it may keep in memory.</param>
    /// <param name="handled">The tables of the set, where handlers with SQL of their own run on the connection; null where none do.</param>
    internal static ViewConnection Open(ViewFile file, bool isReadOnly, int cacheKib, IReadOnlyList<ViewTable>? handled = null)
    {
        var database = handled is null ? Database.Reader(file.Path, isReadOnly) : Database.ForHandlers(file.Path);
        try
        {
            database.BusyTimeout(s_busyTimeout);
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{cacheKib}"));
            database.Execute("PRAGMA synchronous = NORMAL");
            return new(file, database, handled);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>The statement of a text; not more than a fixed number is kept.</summary>
    internal Statement Prepared(string sql)
    {
        var database = Database;
        if (_statements.TryGetValue(sql, out var statement)) return statement;
        if (_statements.Count == MaxStatements) Forget();
        return _statements[sql] = database.PrepareOnce(sql);
    }

    internal void Run(string sql) => Prepared(sql).Run();

    /// <summary>Waits for others no longer than this, until the end of the work.</summary>
    internal void WithBusyTimeout(TimeSpan timeout, Action work)
    {
        Database.BusyTimeout(timeout);
        try
        {
            work();
        }
        finally
        {
            Database.BusyTimeout(s_busyTimeout);
        }
    }

    /// <summary>Begins a snapshot.</summary>
    internal ViewFacts BeginSnapshot(ViewSql sql, ViewBuildId id)
    {
        Run(ViewSql.Begin);
        return ReadFacts(sql, id);
    }

    /// <summary>Reads what the build says of itself.</summary>
    internal ViewFacts ReadFacts(ViewSql sql, ViewBuildId id) => ViewFacts.Read(Prepared(sql.Facts), id, Path);

    /// <summary>Ends a transaction of either kind without keeping what it wrote. Without one, has no effect.</summary>
    internal void Rollback()
    {
        if (!IsClosed && !_database.IsAutoCommit) Run(ViewSql.Rollback);
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (IsClosed) return;
            IsClosed = true;
            Forget();
            Handlers?.Dispose();
            // The last connection to close removes the write-ahead log by its name, which may be that of another file by now.
            if (!_file.IsInPlace) _database.CloseWithoutCheckpoint();
            _database.Dispose();
        }
    }

    private void Forget()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        _statements.Clear();
    }
}
