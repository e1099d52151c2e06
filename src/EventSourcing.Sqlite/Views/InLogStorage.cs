using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>Builds in the log's own file, each with tables of its own. They are made, filled and removed on connections of their own; the transactions of appends write those that serve (<see cref="InLogTransaction"/>). Thread-safe.</summary>
internal sealed class InLogStorage(string logPath, bool isReadOnly) : IViewStorage, IDisposable
{
    // The log is locked for as long as so many rows are removed.
    private const int RemovedAtOnce = 1_000;

    private readonly OpenBuilds _builds = new(logPath, isReadOnly);

    public IReadOnlyList<ViewBuildId> FindBuilds()
    {
        _builds.ThrowIfClosed();
        return InFile(isReadOnly: true, connection =>
        {
            var found = new SortedSet<ViewBuildId>();
            connection.Database.ForEach(ViewSql.Objects, row =>
            {
                if (ViewLayout.BuildOf(row.Text(0)) is { } id) found.Add(id);
            });
            return (IReadOnlyList<ViewBuildId>)[.. found];
        });
    }

    public IViewBuild Create(ViewBuildId id, Guid logId, IReadOnlyList<ViewTable> tables)
    {
        _builds.ThrowIfNotWritable(id);
        ArgumentNullException.ThrowIfNull(tables);
        var layout = ViewLayout.Of(id);
        InFile(isReadOnly: false, connection => InTransaction(connection, () =>
        {
            var found = Objects(connection);
            if (found.Keys.FirstOrDefault(layout.Owns) is { } taken) throw new InvalidOperationException($"The build '{id}' exists: '{taken}' is in '{logPath}'.");
            for (var table = 0; table < tables.Count; table++) ThrowIfTaken(found, layout, tables, table);
            foreach (var (_, sql) in ViewSchema.Of(layout, tables)) connection.Database.Execute(sql);
            connection.Prepared(new ViewSql(layout, tables).InsertFacts).Bind(1, ViewSchema.Format).Bind(2, logId.ToString()).Bind(3, id.Set).Bind(4, id.Version).Bind(5, id.Build)
                .Bind(6, ResumeToken.Start.ToString()).Bind(7, Guid.NewGuid().ToString()).Run();
            return true;
        }));
        return _builds.Open(ViewFile.OfLog(logPath), id, layout, tables);
    }

    public IViewBuild? Open(ViewBuildId id, IReadOnlyList<ViewTable> tables)
    {
        _builds.ThrowIfNoBuild(id);
        ArgumentNullException.ThrowIfNull(tables);
        return FindBuilds().Contains(id) ? _builds.Open(ViewFile.OfLog(logPath), id, ViewLayout.Of(id), tables) : null;
    }

    public bool TryRemove(ViewBuildId id)
    {
        _builds.ThrowIfNotWritable(id);
        var layout = ViewLayout.Of(id);
        InFile(isReadOnly: false, connection =>
        {
            var names = Objects(connection).Keys.Where(layout.Owns).ToList();
            // First what makes it a build: no transaction writes its rows from then on.
            if (names.Contains(layout.Facts.Trim('"'))) InTransaction(connection, () => Drop(connection, layout));
            foreach (var rows in TablesOf(connection, layout))
            {
                while (InTransaction(connection, () => DeleteSome(connection, rows)) > 0)
                {
                }

                InTransaction(connection, () => Drop(connection, rows));
            }

            return true;
        });
        return true;
    }

    public string PathOf(ViewBuildId id)
    {
        _builds.ThrowIfNoBuild(id);
        return logPath;
    }

    /// <summary>Closes every build.</summary>
    public void Dispose() => _builds.Dispose();

    /// <summary>The names and the texts of the objects of the file.</summary>
    private static Dictionary<string, string> Objects(ViewConnection connection)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        connection.Database.ForEach(ViewSql.Objects, row => found[row.Text(0)] = row.Text(1));
        return found;
    }

    private void ThrowIfTaken(Dictionary<string, string> found, ViewLayout layout, IReadOnlyList<ViewTable> tables, int table)
    {
        var (name, _) = ViewSchema.SqlView(layout, tables, table);
        if (found.FirstOrDefault(o => o.Key.Equals(name, StringComparison.OrdinalIgnoreCase)) is { Key: { } taken, Value: var sql } && !ViewSchema.IsSqlViewOfABuild(sql))
            throw new StoreConfigurationException($"'{logPath}' has an object '{taken}' that is none of the library's, and the SQL view of projection '{tables[table].Name}' has this name. Rename one of them. Nothing was changed.");
    }

    private static List<string> TablesOf(ViewConnection connection, ViewLayout layout)
    {
        var tables = new List<string>();
        connection.Database.ForEach("SELECT name FROM sqlite_schema WHERE type = 'table'", row =>
        {
            if (layout.Owns(row.Text(0))) tables.Add($"\"{row.Text(0)}\"");
        });
        return tables;
    }

    private static bool Drop(ViewConnection connection, ViewLayout layout)
    {
        var views = Objects(connection).Where(o => ViewSchema.IsSqlViewOf(o.Value, layout)).Select(o => o.Key).ToList();
        foreach (var view in views) connection.Database.Execute($"DROP VIEW \"{view}\"");
        return Drop(connection, layout.Facts);
    }

    private static bool Drop(ViewConnection connection, string table)
    {
        connection.Database.Execute($"DROP TABLE IF EXISTS {table}");
        return true;
    }

    private static long DeleteSome(ViewConnection connection, string rows)
    {
        connection.Database.Execute(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"DELETE FROM {rows} WHERE rowid IN (SELECT rowid FROM {rows} LIMIT {RemovedAtOnce})"));
        return connection.Database.Changes;
    }

    private static T InTransaction<T>(ViewConnection connection, Func<T> work)
    {
        connection.Run(ViewSql.BeginWriting);
        try
        {
            var result = work();
            connection.Run(ViewSql.Commit);
            return result;
        }
        catch
        {
            connection.Rollback();
            throw;
        }
    }

    private T InFile<T>(bool isReadOnly, Func<ViewConnection, T> work)
    {
        try
        {
            using var connection = ViewConnection.Open(ViewFile.OfLog(logPath), isReadOnly, cacheKib: 2_048);
            return work(connection);
        }
        catch (SqliteException e)
        {
            throw isReadOnly ? ViewErrors.TranslateReading(e, logPath) : ViewErrors.TranslateWriting(e, logPath);
        }
    }
}
