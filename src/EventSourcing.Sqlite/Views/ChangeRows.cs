using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>The changes of documents that a build keeps: a table beside the rows of each projection that declares it. Used on the connection of a writer, under its gate.</summary>
internal sealed unsafe class ChangeRows
{
    // Small transactions would write the pages at both ends of the table each time.
    private const int TrimmedPart = 100;

    private readonly ViewConnection _connection;
    private readonly ViewLayout _layout;
    private readonly int[] _kept;
    private readonly string[] _adds;
    // How many may have been added since the table was trimmed.
    private readonly long[] _added;
    private bool _isOn;
    private long _mark;

    internal ChangeRows(ViewConnection connection, IReadOnlyList<ViewTable> tables, ViewLayout layout)
    {
        (_connection, _layout) = (connection, layout);
        _kept = [.. tables.Select(table => table.MaxChanges)];
        // The writer before may have left as many.
        _added = [.. _kept.Select(kept => (long)kept)];
        _adds = [.. tables.Select((table, number) => table.MaxChanges > 0 ? ViewSql.AddChange(layout, number) : "")];
    }

    /// <summary>A transaction begins.</summary>
    /// <param name="isComplete">False while the build is made: then no changes are kept.</param>
    internal void Begin(bool isComplete)
    {
        _isOn = isComplete;
        if (isComplete && Array.Exists(_kept, kept => kept > 0)) _mark = BitConverter.ToInt64(Guid.NewGuid().ToByteArray());
    }

    /// <summary>Adds the change of a document, before the document is written.</summary>
    /// <param name="table">The table.</param>
    /// <param name="key">The key.</param>
    /// <param name="position">The position of the event that changed it.</param>
    /// <param name="json">The document; empty where it is removed.</param>
    internal void Add(int table, string key, GlobalPosition position, ReadOnlySpan<byte> json)
    {
        if (!_isOn || _kept[table] == 0) return;
        var statement = _connection.Prepared(_adds[table]).Bind(1, key).Bind(2, position.ToInt64()).Bind(4, _mark);
        fixed (byte* bytes = json)
        {
            if (json.IsEmpty) statement.BindNull(3);
            else statement.BindPinned(3, bytes, json.Length, asText: true);
            statement.Run();
        }

        _added[table]++;
    }

    /// <summary>Removes the changes that are too many, before the transaction is committed. Up to a hundredth more than asked for are kept.</summary>
    internal void Trim()
    {
        if (!_isOn) return;
        for (var table = 0; table < _kept.Length; table++)
        {
            if (_kept[table] == 0 || _added[table] <= _kept[table] / TrimmedPart) continue;
            _connection.Prepared(ViewSql.TrimChanges(_layout, table)).Bind(1, _kept[table]).Run();
            _added[table] = 0;
        }
    }

    internal static ViewChangePlace FindLast(ViewConnection connection, ViewLayout layout, int table)
    {
        var statement = connection.Prepared(ViewSql.LastChange(layout, table));
        try
        {
            return statement.Step() ? new(statement.Int64(0), statement.Int64(1)) : default;
        }
        finally
        {
            statement.Reset();
        }
    }

    internal static IReadOnlyList<StoredViewChange> Read(ViewConnection connection, ViewLayout layout, int table, long fromOrdinal, int max, Func<string, StoreCorruptException> noDocument)
    {
        var changes = new List<StoredViewChange>();
        var statement = connection.Prepared(ViewSql.Changes(layout, table)).Bind(1, fromOrdinal).Bind(2, max);
        try
        {
            while (statement.Step())
            {
                var key = statement.Text(2);
                changes.Add(new(new(statement.Int64(0), statement.Int64(1)), key, GlobalPosition.FromInt64(statement.Int64(3)), Json(4, key), Json(5, key)));
            }
        }
        finally
        {
            statement.Reset();
        }

        return changes;

        ReadOnlyMemory<byte>? Json(int column, string key)
        {
            if (statement.IsNull(column)) return null;
            var json = SqliteViewSnapshot.JsonBytes(statement, column);
            return json.IsEmpty ? throw noDocument(key) : json.ToArray();
        }
    }
}
