using System.Globalization;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>What a build's file consists of. Names of projections and indexes are plain (<see cref="ViewTable"/>), so that quotes around them suffice.</summary>
internal static class ViewSchema
{
    /// <summary>The number of the format that is described here.</summary>
    internal const int Format = 1;

    // A page of its own, which is never written again, holds the random text that is in every later commit too: so a database file and a write-ahead log of two origins are told apart.
    private const string Origin = "CREATE TABLE es_origin (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL)";

    private const string FactColumns =
        " (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, log_id TEXT NOT NULL, view_set TEXT NOT NULL, version INTEGER NOT NULL, build INTEGER NOT NULL, "
        + "is_complete INTEGER NOT NULL, position INTEGER NOT NULL, token TEXT NOT NULL, fencing_token INTEGER NOT NULL, stall TEXT, origin TEXT NOT NULL)";

    // Measured with documents of 300 bytes and two indexes: with keys in random order, WITHOUT ROWID takes 1.7 times as long, and with keys in order the same.

    /// <summary>The statements that make the tables, indexes and SQL views of documents, by the name of what they make. A projection with tables of its own has none.</summary>
    internal static IReadOnlyList<(string Name, string Sql)> Of(ViewLayout layout, IReadOnlyList<ViewTable> tables)
    {
        var objects = new List<(string, string)>();
        if (layout.InLog is null) objects.Add(("es_origin", Origin));
        objects.Add((layout.Facts.Trim('"'), $"CREATE TABLE {layout.Facts}{FactColumns}"));
        for (var table = 0; table < tables.Count; table++)
        {
            if (tables[table].Own is not null) continue;
            var indexes = tables[table].Indexes;
            var rows = layout.Rows(table);
            objects.Add((rows.Trim('"'), $"CREATE TABLE {rows} ({Names(layout, tables[table])}key TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, json TEXT NOT NULL{Columns(indexes.Count)})"));
            for (var index = 0; index < indexes.Count; index++)
            {
                var name = layout.Index(table, index);
                objects.Add((name.Trim('"'), string.Create(CultureInfo.InvariantCulture, $"CREATE INDEX {name} ON {rows} (i_{index}, key)")));
            }

            if (tables[table].MaxChanges > 0)
            {
                var changes = layout.Changes(table);
                objects.Add((changes.Trim('"'), $"CREATE TABLE {changes} (ordinal INTEGER PRIMARY KEY, mark INTEGER NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, before TEXT, after TEXT)"));
            }

            // In the log's file it is made when the build serves.
            if (layout.InLog is null) objects.Add(SqlView(layout, tables, table));
        }

        return objects;
    }

    /// <summary>The SQL view of a projection.</summary>
    internal static (string Name, string Sql) SqlView(ViewLayout layout, IReadOnlyList<ViewTable> tables, int table)
    {
        var (name, indexes) = (layout.SqlView(tables[table].Name), tables[table].Indexes);
        var names = string.Concat(indexes.Select(index => $", \"{index}\""));
        return (name.Trim('"'), $"CREATE VIEW {name} (key{names}, position, json) AS SELECT key{Columns(indexes.Count)}, position, json FROM {layout.Rows(table)}");
    }

    /// <summary>True for the text of a SQL view that shows a build in the log's file.</summary>
    internal static bool IsSqlViewOfABuild(string sql) => sql.StartsWith("CREATE VIEW ", StringComparison.Ordinal) && sql.Contains(" FROM \"es_inline.", StringComparison.Ordinal);

    /// <summary>True for the text of a SQL view that shows this build.</summary>
    internal static bool IsSqlViewOf(string sql, ViewLayout layout) => IsSqlViewOfABuild(sql) && sql.Contains($" FROM {layout.Facts.TrimEnd('"')}.", StringComparison.Ordinal);

    /// <summary>How the tables found differ from those asked for; null when they do not. Objects that others have added are ignored, unless they have one of the library's names.</summary>
    internal static string? Difference(IReadOnlyDictionary<string, string> found, ViewLayout layout, IReadOnlyList<ViewTable> tables)
    {
        var wanted = Of(layout, tables);
        foreach (var (name, sql) in wanted.Concat(tables.SelectMany(table => SqliteTables.Of(table)?.Statements ?? [])))
        {
            if (!found.TryGetValue(name, out var text)) return $"'{name}' is not there";
            if (text != sql) return $"'{name}' is '{text}', where '{sql}' is expected";
        }

        var names = wanted.Select(o => o.Name).ToHashSet();
        return found.Keys.FirstOrDefault(name => layout.Owns(name) && !names.Contains(name)) is { } other ? $"'{other}' belongs to no table that is expected" : null;
    }

    // In a file of its own the SQL view has the names, and is compared too.
    private static string Names(ViewLayout layout, ViewTable table) => layout.InLog is null ? "" : $"/* {table.Name}: {string.Join(", ", table.Indexes)} */ ";

    private static string Columns(int count)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++) text.Append(CultureInfo.InvariantCulture, $", i_{i}");
        return text.ToString();
    }
}
