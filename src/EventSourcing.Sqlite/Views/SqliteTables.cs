using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <inheritdoc/>
/// <param name="projection">The projection's name.</param>
/// <param name="create">Makes the tables on a connection.</param>
/// <param name="declared">The tables as they are declared.</param>
internal sealed class SqliteTables(string projection, Action<SqliteConnection> create, IReadOnlyList<DeclaredTable> declared) : OwnTables
{
    private OwnSchemaFacts? _facts;

    internal string Projection => projection;

    internal Action<SqliteConnection> Create => create;

    internal IReadOnlyList<DeclaredTable> Declared => declared;

    internal IReadOnlyList<(string Name, string Sql)> Statements => Facts.Statements;

    public override IReadOnlyCollection<string> Names => Facts.Names;

    private OwnSchemaFacts Facts => _facts ??= OwnSchema.Read(this);

    /// <summary>The tables of its own that a projection has; null for documents.</summary>
    /// <exception cref="ArgumentException">They are those of another package.</exception>
    internal static SqliteTables? Of(ViewTable table) =>
        table.Own is null ? null : table.Own as SqliteTables ?? throw new ArgumentException($"The tables of projection '{table.Name}' are {table.Own.GetType()}, which this storage does not know.", nameof(table));

    public override IEnumerable<string> Describe() => [.. Facts.Tables.Select(table => table.ToString()), .. Facts.Lines];

    public override bool IsKeptBy(IViewStorage storage)
    {
        ArgumentNullException.ThrowIfNull(storage);
        return storage.Find<SqliteViewStorage>() is not null;
    }

    public override OwnRowDifference? FindDifference(IViewSnapshot found, IViewSnapshot expected, out long rows)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(expected);
        var (view, replay) = (SnapshotOf(found), SnapshotOf(expected));
        rows = 0;
        foreach (var table in Facts.Tables)
        {
            using var left = view.Walk(table.Select);
            using var right = replay.Walk(table.Select);
            if (TableComparison.FindDifference(table, left, right, ref rows) is { } difference) return difference;
        }

        return null;
    }

    private static SqliteViewSnapshot SnapshotOf(IViewSnapshot snapshot) => snapshot.Find<SqliteViewSnapshot>() ?? throw new ArgumentException($"The snapshot {snapshot.GetType()} is not one of a SQLite file.", nameof(snapshot));
}
