using System.Text;
using System.Text.Json;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;

namespace EventSourcing.Sqlite.OpenLog;

/// <summary>Triggers on users' tables that insert into <c>events</c>, and the list of them.</summary>
internal static class TableCaptures
{
    /// <summary>The problem of a capture whose definition cannot be read.</summary>
    internal const string Unreadable = "the capture is not what the library wrote";

    // What a trigger does; before schema 2 in two statements.
    private const string Append = "INSERT INTO es_inbox (origin, stream, eventType, data) VALUES ('capture', ";
    private const string AppendOfSchema1 = "INSERT INTO es_inbox (one, origin) VALUES (1, 'capture'); INSERT INTO events (stream, eventType, data) VALUES (";

    private static readonly string[] s_operations = ["insert", "update", "delete"];

    internal static List<TableCapture> Read(Database database)
    {
        var captures = new List<TableCapture>();
        using (var rows = database.PrepareOnce(Sql.Captures))
            while (rows.Step()) captures.Add(TryParse(rows.Text(0), rows.Text(1)) ?? throw new StoreCorruptException(Unreadable, $"es_captures, table '{rows.Text(0)}'"));
        return [.. captures.Select(c => c with { Problem = ProblemOf(database, c) })];
    }

    /// <summary>Captures a table. Replaces an earlier capture of it. Inside the writer's transaction.</summary>
    internal static void Add(Database database, string table, TableCaptureBuilder chosen)
    {
        var name = Text(database, Sql.TableName, table);
        if (name is null || name.StartsWith("es_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"There is no table '{table}' of the user's in the file.", nameof(table));
        var columns = ColumnsOf(database, name);
        var types = chosen.ChosenTypes ?? ($"{name}-inserted", $"{name}-updated", $"{name}-deleted");
        if (types is (null, null, null)) throw new ArgumentException($"Nothing of '{name}' would be captured: every type is null.", nameof(table));
        var capture = new TableCapture
        {
            Table = name,
            Category = ValidName(chosen.Category ?? name)!,
            StreamColumn = chosen.StreamColumn is { } column ? Find(column) : null,
            InsertedType = ValidName(types.Item1),
            UpdatedType = ValidName(types.Item2),
            DeletedType = ValidName(types.Item3),
            Columns = chosen.Selected is { } selected ? [.. selected.Select(Find).Distinct()] : columns,
            TableColumns = columns,
        };
        Remove(database, name);
        using (var insert = database.PrepareOnce(Sql.InsertCapture)) insert.Bind(1, name).Bind(2, Format(capture)).Run();
        foreach (var operation in s_operations)
            if (TypeOf(capture, operation) is { } type) database.Execute(Trigger(capture, operation, type));

        string Find(string column) => columns.Find(c => c.Equals(column, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"'{name}' has no column '{column}'.", nameof(table));
    }

    /// <summary>Removes a capture; false when there is none. Inside the writer's transaction.</summary>
    internal static bool Remove(Database database, string table)
    {
        // By its name only: a definition that cannot be read any more is removed, or replaced, all the same.
        if (Text(database, Sql.CapturedTable, table) is not { } name) return false;
        foreach (var operation in s_operations) database.Execute($"DROP TRIGGER IF EXISTS {Identifier(TriggerName(name, operation))}");
        using var remove = database.PrepareOnce(Sql.RemoveCapture);
        remove.Bind(1, name).Run();
        return true;
    }

    /// <summary>The triggers of the captures whose table and columns exist, with the table's name. A definition that cannot be read has none.</summary>
    internal static IEnumerable<SchemaObject> Triggers(Database database)
    {
        var captures = new List<TableCapture>();
        database.ForEach(Sql.Captures, row =>
        {
            if (TryParse(row.Text(0), row.Text(1)) is { } capture) captures.Add(capture);
        });
        foreach (var capture in captures)
        {
            if (Text(database, Sql.TableName, capture.Table) is null || capture.TableColumns.Except(ColumnsOf(database, capture.Table)).Any()) continue;
            foreach (var operation in s_operations)
                if (TypeOf(capture, operation) is { } type) yield return new("trigger", TriggerName(capture.Table, operation), capture.Table, Trigger(capture, operation, type));
        }
    }

    /// <summary>Replaces the triggers of schema 1 with those of this schema on every table. A renamed table keeps its triggers.</summary>
    internal static void Migrate(Database database)
    {
        foreach (var trigger in SchemaObject.ReadAll(database).Where(o => o.Type == "trigger" && o.Sql.Contains(AppendOfSchema1, StringComparison.Ordinal)))
        {
            database.Execute($"DROP TRIGGER {Identifier(trigger.Name)}");
            database.Execute(trigger.Sql.Replace(AppendOfSchema1, Append, StringComparison.Ordinal));
        }
    }

    /// <summary>The captures whose definition is no longer what the library wrote, by table.</summary>
    internal static List<string> FindUnreadable(Database database)
    {
        var tables = new List<string>();
        database.ForEach(Sql.Captures, row =>
        {
            if (TryParse(row.Text(0), row.Text(1)) is null) tables.Add(row.Text(0));
        });
        return tables;
    }

    private static string? ProblemOf(Database database, TableCapture capture)
    {
        foreach (var operation in s_operations)
        {
            if (TypeOf(capture, operation) is null) continue;
            var on = Text(database, Sql.TriggersOf, TriggerName(capture.Table, operation));
            if (on is null) return Text(database, Sql.TableName, capture.Table) is null ? "the table is gone" : $"its {operation} trigger is gone";
            if (!on.Equals(capture.Table, StringComparison.OrdinalIgnoreCase)) return $"the table is called '{on}' now";
        }

        var columns = ColumnsOf(database, capture.Table);
        if (capture.TableColumns.Except(columns).ToList() is { Count: > 0 } gone) return $"columns are gone or renamed: {string.Join(", ", gone)}";
        if (columns.Except(capture.TableColumns).ToList() is { Count: > 0 } added) return $"columns were added: {string.Join(", ", added)}";
        return null;
    }

    private static string? TypeOf(TableCapture capture, string operation) => operation switch
    {
        "insert" => capture.InsertedType,
        "update" => capture.UpdatedType,
        _ => capture.DeletedType,
    };

    private static string TriggerName(string table, string operation) => $"es_capture_{operation}_{table}";

    private static string Trigger(TableCapture capture, string operation, string type)
    {
        var row = operation == "delete" ? "OLD" : "NEW";
        var stream = Literal(capture.Category);
        if (capture.StreamColumn is { } column)
            stream = $"coalesce({Literal(capture.Category + "-")} || nullif({Value(row, column, asText: true)}, ''), {stream})";
        var data = operation == "update" ? $"json_object('old', {Values("OLD", capture.Columns)}, 'new', {Values("NEW", capture.Columns)})" : Values(row, capture.Columns);
        return $"CREATE TRIGGER {Identifier(TriggerName(capture.Table, operation))} AFTER {operation.ToUpperInvariant()} ON {Identifier(capture.Table)} "
            + $"BEGIN {Append}{stream}, {Literal(type)}, {data}); END";
    }

    // In lots, because a function takes no more than 100 arguments in the older versions of SQLite (sqlite.org/limits.html).
    private static string Values(string row, IReadOnlyList<string> columns)
    {
        var lots = columns.Chunk(40).Select(lot => $"json_object({string.Join(", ", lot.Select(c => $"{Literal(c)}, {Value(row, c, asText: false)}"))})").ToList();
        return lots.Count == 1 ? lots[0] : $"json({string.Join(" || ',' || ", lots.Select((lot, i) => Inner(lot, i == 0, i == lots.Count - 1)))})";
    }

    private static string Inner(string json, bool isFirst, bool isLast) =>
        isFirst ? $"rtrim({json}, '}}')" : isLast ? $"substr({json}, 2)" : $"substr(rtrim({json}, '}}'), 2)";

    // JSON has neither bytes nor infinity, and json_object gives a number 15 digits where a double may need 17.
    private static string Value(string row, string column, bool asText)
    {
        var value = $"{row}.{Identifier(column)}";
        if (asText) return $"CASE typeof({value}) WHEN 'blob' THEN hex({value}) ELSE CAST({value} AS TEXT) END";
        return $"CASE typeof({value}) WHEN 'blob' THEN hex({value}) WHEN 'real' THEN CASE WHEN abs({value}) > 1.7976931348623157e308 THEN CAST({value} AS TEXT) "
            + $"WHEN CAST(CAST({value} AS TEXT) AS REAL) = {value} THEN {value} ELSE json(printf('%!.17g', {value})) END ELSE {value} END";
    }

    private static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    // One rule for every name that a log stores.
    private static string? ValidName(string? name) => name is null ? null : new StreamId(name).Value;

    private static string? Text(Database database, string sql, string argument)
    {
        using var rows = database.PrepareOnce(sql);
        return rows.Bind(1, argument).Step() ? rows.Text(0) : null;
    }

    private static List<string> ColumnsOf(Database database, string table)
    {
        var columns = new List<string>();
        using var rows = database.PrepareOnce(Sql.ColumnsOf);
        rows.Bind(1, table);
        while (rows.Step()) columns.Add(rows.Text(0));
        return columns;
    }

    private static string Format(TableCapture capture)
    {
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("category", capture.Category);
            foreach (var (name, value) in new[] { ("streamColumn", capture.StreamColumn), ("inserted", capture.InsertedType), ("updated", capture.UpdatedType), ("deleted", capture.DeletedType) })
                if (value is not null) writer.WriteString(name, value);
            foreach (var (name, values) in new[] { ("columns", capture.Columns), ("tableColumns", capture.TableColumns) })
            {
                writer.WriteStartArray(name);
                foreach (var value in values) writer.WriteStringValue(value);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static TableCapture? TryParse(string table, string json)
    {
        try
        {
            return Parse(table, json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static TableCapture Parse(string table, string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new()
        {
            Table = table,
            Category = root.GetProperty("category").GetString()!,
            StreamColumn = Optional("streamColumn"),
            InsertedType = Optional("inserted"),
            UpdatedType = Optional("updated"),
            DeletedType = Optional("deleted"),
            Columns = List("columns"),
            TableColumns = List("tableColumns"),
        };

        string? Optional(string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;
        List<string> List(string name) => [.. root.GetProperty(name).EnumerateArray().Select(e => e.GetString()!)];
    }
}
