using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Reading;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>The transactions of one connection of the log's writer, as inline views see them. Used by one thread at a time.</summary>
/// <param name="database">The connection.</param>
/// <param name="records">The records as the connection sees them.</param>
/// <param name="ids">The ids of the log.</param>
/// <param name="views">The attached views.</param>
/// <param name="head">The last position, of the transaction too.</param>
/// <param name="isolated">Runs work of which nothing is kept when it throws.</param>
internal sealed class InLogTransaction(Database database, RecordTable records, PositionalIds ids, InLogViews views, Func<long> head, Action<Action> isolated) : IInlineTransaction
{
    private readonly Dictionary<ViewBuildId, InLogWriter> _writers = [];
    private Reader? _reader;
    private long _cookie = -1;

    public GlobalPosition Head => GlobalPosition.FromInt64(head());

    public StoredRecord? FindRecord(RecordKind kind, string key) => records.TryGet(kind, key, out var record) ? record : null;

    public IViewWriter? FindWriter(ViewBuildId id, IReadOnlyList<ViewTable> tables)
    {
        try
        {
            if (!_writers.TryGetValue(id, out var writer))
            {
                if (!Exists(id)) return null;
                Verify(id, tables);
                _writers[id] = writer = new(database, id, tables, views.Path);
                ShowInSql(id, tables);
            }

            writer.Refresh();
            return writer;
        }
        catch (SqliteException e)
        {
            throw ViewErrors.TranslateWriting(e, views.Path);
        }
    }

    public LogPage Read(AllRead read)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        return (_reader ??= new(database, ids)).Read(read, onlySealed: false)!;
    }

    public void Isolated(Action work) => isolated(work);

    /// <summary>A transaction has begun.</summary>
    /// <param name="cookie">Changes with the schema, and so when a build is made or removed.</param>
    /// <returns>False when more is left: the transaction is to be committed and another one begun.</returns>
    internal bool Prepare(long cookie)
    {
        if (cookie != _cookie) Close();
        _cookie = cookie;
        return views.Prepare(this);
    }

    /// <summary>An append is stored.</summary>
    internal void Appended(long first) => views.Appended(this, GlobalPosition.FromInt64(first));

    /// <summary>What the connection remembers of the log's names may be wrong.</summary>
    internal void Undone()
    {
        _reader?.ClearCaches();
        views.Undone();
    }

    /// <summary>Gives the statements back.</summary>
    internal void Close()
    {
        foreach (var writer in _writers.Values) writer.Close();
        _writers.Clear();
    }

    private bool Exists(ViewBuildId id)
    {
        using var statement = database.PrepareOnce("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
        return statement.Bind(1, ViewLayout.Of(id).Facts.Trim('"')).Scalar(0) == 1;
    }

    private void Verify(ViewBuildId id, IReadOnlyList<ViewTable> tables)
    {
        if (ViewSchema.Difference(Objects(), ViewLayout.Of(id), tables) is { } difference) throw new StoreCorruptException($"The tables are not those of the build '{id}': {difference}. Rebuild the view.", views.Path);
    }

    /// <summary>Has the SQL views of the set show this build, which serves. A name that something else has taken since the build was made is left to that.</summary>
    private void ShowInSql(ViewBuildId id, IReadOnlyList<ViewTable> tables)
    {
        var found = Objects();
        for (var table = 0; table < tables.Count; table++)
        {
            var (name, sql) = ViewSchema.SqlView(ViewLayout.Of(id), tables, table);
            if (found.TryGetValue(name, out var text) && (text == sql || !ViewSchema.IsSqlViewOfABuild(text))) continue;
            if (text is not null) database.Execute($"DROP VIEW \"{name}\"");
            database.Execute(sql);
        }
    }

    private Dictionary<string, string> Objects()
    {
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        database.ForEach(ViewSql.Objects, row => found[row.Text(0)] = row.Text(1));
        return found;
    }
}
