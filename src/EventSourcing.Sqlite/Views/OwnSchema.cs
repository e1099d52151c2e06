using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>Runs the functions that make the tables of projections, and reads what they have made.</summary>
internal static class OwnSchema
{
    private const string Objects = "SELECT s.type, s.name, s.sql, coalesce(l.type, '') FROM sqlite_schema AS s LEFT JOIN pragma_table_list AS l ON l.schema = 'main' AND l.name = s.name WHERE s.sql IS NOT NULL ORDER BY s.name";
    private const string ColumnsOf = "SELECT name, pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1";
    private const string UniqueIndexes = "SELECT l.name, i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i WHERE l.\"unique\" AND NOT l.partial";

    /// <summary>Makes the tables of a set in the file of a new build, inside the transaction that makes it.</summary>
    /// <exception cref="StoreConfigurationException">They are not those that the same functions have made before.</exception>
    internal static void Make(Database database, Lock gate, IReadOnlyList<ViewTable> tables)
    {
        if (tables.All(table => table.Own is null)) return;
        using var runner = new HandlerRunner(database, gate, tables);
        for (var table = 0; table < tables.Count; table++)
            if (SqliteTables.Of(tables[table]) is { } own) Run(runner, table, own);
        var found = new Dictionary<string, string>();
        database.ForEach(ViewSql.Objects, row => found[row.Text(0)] = row.Text(1));
        if (ViewSchema.Difference(found, ViewLayout.OwnFile, tables) is { } difference)
            throw new StoreConfigurationException($"The tables of a build are not those that CreateSchema has made when the projection was declared: {difference}. CreateSchema must make the same tables each time.");
    }

    /// <summary>Makes the tables of a projection in a database in memory and reads them.</summary>
    /// <exception cref="StoreConfigurationException">It makes none, or others than are declared.</exception>
    internal static OwnSchemaFacts Read(SqliteTables tables)
    {
        var gate = new Lock();
        lock (gate)
        {
            using var database = Database.ForHandlers(":memory:");
            using var runner = new HandlerRunner(database, gate, []);
            database.Execute(ViewSql.BeginWriting);
            Run(runner, 0, tables);
            return Read(database, tables);
        }
    }

    private static void Run(HandlerRunner runner, int table, SqliteTables tables)
    {
        try
        {
            runner.Run(table, isSchema: true, tables.Create);
        }
        catch (Exception e) when (e is SqliteException or InvalidOperationException)
        {
            throw new StoreConfigurationException($"Projection '{tables.Projection}' could not make its tables (CreateSchema): {e.Message}", e);
        }
    }

    private static OwnSchemaFacts Read(Database database, SqliteTables tables)
    {
        var (names, statements, ordinary) = (new List<string>(), new List<(string, string)>(), new List<string>());
        var lines = new List<string>();
        database.ForEach(Objects, row =>
        {
            var (type, name, sql, kind) = (row.Text(0), row.Text(1), row.Text(2), row.Text(3));
            // SQLite's own, such as the counter of AUTOINCREMENT.
            if (name.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase)) return;
            names.Add(name);
            // The tables behind a virtual table are those of SQLite's version.
            if (kind == "shadow") return;
            statements.Add((name, sql));
            lines.Add(string.Join(' ', sql.Split(['\r', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)));
            if (type == "table" && kind == "table") ordinary.Add(name);
        });
        if (names.Find(name => name.StartsWith("es_", StringComparison.OrdinalIgnoreCase)) is { } reserved) throw Wrong($"makes '{reserved}': names that begin with es_ are the library's");
        if (ordinary.Find(name => !tables.Declared.Any(table => table.Name == name)) is { } missing) throw Wrong($"makes the table '{missing}' and does not declare it, so that it could not be verified: add Table(\"{missing}\", key: […]) to its constructor");
        return new(names, statements, lines, [.. tables.Declared.Select(table => WithColumns(table, ordinary))]);

        DeclaredTable WithColumns(DeclaredTable table, List<string> made)
        {
            if (!made.Contains(table.Name)) throw Wrong($"declares the table '{table.Name}' and does not make it in CreateSchema (names are compared exactly; a virtual table cannot be declared)");
            var (columns, primary) = Columns(database, table.Name);
            foreach (var column in table.Position is null ? table.Key : [.. table.Key, table.Position])
                if (!columns.Contains(column)) throw Wrong($"declares a column '{column}' of the table '{table.Name}', which has the columns {string.Join(", ", columns)}");
            var key = table.Key.ToHashSet(StringComparer.Ordinal);
            if (!key.SetEquals(primary) && !Unique(database, table.Name).Any(index => key.SetEquals(index)))
                throw Wrong($"declares the key {string.Join(", ", table.Key)} of the table '{table.Name}', which is not unique there: add PRIMARY KEY ({string.Join(", ", table.Key)}) or UNIQUE");
            return table with { Columns = [.. table.Key, .. columns.Where(column => !key.Contains(column))] };
        }

        StoreConfigurationException Wrong(string what) => new($"Projection '{tables.Projection}' {what}.");
    }

    private static (List<string> All, List<string> Primary) Columns(Database database, string table)
    {
        var (all, primary) = (new List<string>(), new List<string>());
        using var statement = database.PrepareOnce(ColumnsOf).Bind(1, table);
        while (statement.Step())
        {
            all.Add(statement.Text(0));
            if (statement.Int64(1) > 0) primary.Add(statement.Text(0));
        }

        return (all, primary);
    }

    private static IEnumerable<IEnumerable<string>> Unique(Database database, string table)
    {
        var columns = new List<(string Index, string Column)>();
        using var statement = database.PrepareOnce(UniqueIndexes).Bind(1, table);
        // An index of an expression has a column without a name.
        while (statement.Step()) columns.Add((statement.Text(0), statement.IsNull(1) ? "" : statement.Text(1)));
        return columns.GroupBy(column => column.Index, column => column.Column);
    }
}

/// <summary>What a projection makes in the file of its set.</summary>
/// <param name="Names">The names of everything.</param>
/// <param name="Statements">The statements that made it, by its name, as SQLite keeps them.</param>
/// <param name="Lines">The statements in one line each.</param>
/// <param name="Tables">The tables that are compared, with their columns.</param>
internal sealed record OwnSchemaFacts(IReadOnlyCollection<string> Names, IReadOnlyList<(string Name, string Sql)> Statements, IReadOnlyList<string> Lines, IReadOnlyList<DeclaredTable> Tables);
