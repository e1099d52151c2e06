using System.Globalization;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>Views of a log in files beside it, one for each build: <c>orders.db.views/order-list.v2.b1.db</c>. Thread-safe.</summary>
internal sealed class SqliteViewStorage(string logPath, bool isReadOnly) : IViewStorage, IDisposable
{
    private readonly OpenBuilds _builds = new(logPath, isReadOnly);
    private readonly ViewFolder _folder = new(logPath);

    public IReadOnlyList<ViewBuildId> FindBuilds()
    {
        _builds.ThrowIfClosed();
        return _folder.Find();
    }

    public IViewBuild Create(ViewBuildId id, Guid logId, IReadOnlyList<ViewTable> tables)
    {
        _builds.ThrowIfNotWritable(id);
        ArgumentNullException.ThrowIfNull(tables);
        var path = _folder.PathOf(id);
        _folder.MakeFile(id);
        try
        {
            Fill(path, id, logId, tables);
            return _builds.Open(new(path), id, ViewLayout.OwnFile, tables);
        }
        catch (Exception e)
        {
            RemoveIncomplete(id);
            if (e is SqliteException sqlite) throw ViewErrors.TranslateWriting(sqlite, path);
            throw;
        }
    }

    public IViewBuild? Open(ViewBuildId id, IReadOnlyList<ViewTable> tables)
    {
        _builds.ThrowIfNoBuild(id);
        ArgumentNullException.ThrowIfNull(tables);
        var path = _folder.PathOf(id);
        return Path.Exists(path) ? _builds.Open(new(path), id, ViewLayout.OwnFile, tables) : null;
    }

    public bool TryRemove(ViewBuildId id)
    {
        _builds.ThrowIfNotWritable(id);
        return _folder.TryRemove(id);
    }

    public string PathOf(ViewBuildId id)
    {
        _builds.ThrowIfNoBuild(id);
        return _folder.PathOf(id);
    }

    /// <summary>Closes every build.</summary>
    public void Dispose() => _builds.Dispose();

    // Until the last statement the file has no row of facts, and is not taken for a build.
    private static void Fill(string path, ViewBuildId id, Guid logId, IReadOnlyList<ViewTable> tables)
    {
        var gate = new Lock();
        lock (gate)
        {
            using var database = tables.Any(table => table.Own is not null) ? Database.ForHandlers(path) : Database.Writer(path, mustExist: true);
            Fill(database, gate, path, id, logId, tables);
        }
    }

    private static void Fill(Database database, Lock gate, string path, ViewBuildId id, Guid logId, IReadOnlyList<ViewTable> tables)
    {
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA page_size = {ViewFile.PageBytes}"));
        if (database.Scalar("PRAGMA journal_mode = WAL") != "wal") throw new StoreConfigurationException($"'{path}' was not made: its file system cannot keep a write-ahead log.");
        database.Execute("PRAGMA synchronous = NORMAL");
        _ = database.InTransaction(() =>
        {
            foreach (var (_, sql) in ViewSchema.Of(ViewLayout.OwnFile, tables)) database.Execute(sql);
            OwnSchema.Make(database, gate, tables);
            var origin = Guid.NewGuid().ToString();
            database.Prepare(ViewSql.InsertOrigin).Bind(1, origin).Run();
            database.Prepare(new ViewSql(ViewLayout.OwnFile, tables).InsertFacts).Bind(1, ViewSchema.Format).Bind(2, logId.ToString()).Bind(3, id.Set).Bind(4, id.Version).Bind(5, id.Build)
                .Bind(6, ResumeToken.Start.ToString()).Bind(7, origin).Run();
            return true;
        });
    }

    private void RemoveIncomplete(ViewBuildId id)
    {
        try
        {
            _folder.TryRemove(id);
        }
        catch (EventSourcingException)
        {
            // The error of the creation is thrown; the file is no build, and can be removed later.
        }
    }
}
