using EventSourcing.Tests.Shared;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>How many items were added, by SKU, in a table of its own; and a journal of every event.</summary>
internal sealed class OwnCounts : SqliteProjection
{
    internal const string Schema =
        "CREATE TABLE counts (sku TEXT NOT NULL, quantity INTEGER NOT NULL, events INTEGER NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (sku)) WITHOUT ROWID; CREATE TABLE journal (position INTEGER PRIMARY KEY, quantity INTEGER NOT NULL)";

    private readonly string _schema;

    /// <param name="version">The version.</param>
    /// <param name="then">What the handler does at last.</param>
    /// <param name="name">The projection's name.</param>
    /// <param name="schema">Instead of <see cref="Schema"/>.</param>
    internal OwnCounts(int version = 1, Action<SqliteConnection, Added, EventEnvelope>? then = null, string name = "own-counts", string schema = Schema) : base(name, version)
    {
        _schema = schema;
        Table("counts", key: ["sku"], position: "changed");
        Table("journal", key: ["position"], position: "position");
        On<Added>((connection, e, envelope) =>
        {
            connection.Run("INSERT INTO counts VALUES ($sku, $quantity, 1, $position) ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity, events = events + 1, changed = excluded.changed",
                ("$sku", e.Sku), ("$quantity", e.Quantity), ("$position", envelope.Position.ToInt64()));
            connection.Run("INSERT INTO journal VALUES ($position, $quantity)", ("$position", envelope.Position.ToInt64()), ("$quantity", e.Quantity));
            then?.Invoke(connection, e, envelope);
        });
    }

    protected override void CreateSchema(SqliteConnection connection) => connection.Run(_schema);
}

/// <summary>A projection of given tables and handlers.</summary>
internal sealed class OwnProjection : SqliteProjection
{
    private readonly Action<SqliteConnection> _create;

    internal OwnProjection(string name, string schema, (string Table, string[] Key)[] tables, Action<SqliteConnection, Added, EventEnvelope>? added = null) : this(name, connection => connection.Run(schema), tables, added)
    {
    }

    internal OwnProjection(string name, Action<SqliteConnection> create, (string Table, string[] Key)[] tables, Action<SqliteConnection, Added, EventEnvelope>? added = null) : base(name, 1)
    {
        _create = create;
        foreach (var (table, key) in tables) Table(table, key);
        if (added is not null) On(added);
    }

    internal void Declare(string table, params string[] key) => Table(table, key);

    internal void Handle(Action<SqliteConnection, Added> handle) => On(handle);

    protected override void CreateSchema(SqliteConnection connection) => _create(connection);
}

internal static class OwnSql
{
    internal static void Run(this SqliteConnection connection, string sql, params (string Name, object Value)[] values)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value);
        command.ExecuteNonQuery();
    }

    /// <summary>All rows, each as text.</summary>
    internal static string[] Rows(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            var values = new object[reader.FieldCount];
            reader.GetValues(values);
            rows.Add(string.Join("|", values));
        }

        return [.. rows];
    }

    internal static async Task<string[]> ReadAsync(this EventViews views, string set, string sql, GlobalPosition? at = null)
    {
        await using var connection = await views.OpenConnectionAsync(set, at);
        return connection.Rows(sql);
    }
}
