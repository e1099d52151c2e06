using System.Globalization;
using System.Text;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;

namespace EventSourcing.Sqlite.OpenLog;

/// <summary>The view <c>events</c>: creates it with its columns, and again when a computed column is added.</summary>
internal static class EventsView
{
    private const int MaxNameLength = 128;

    // The date n without the fraction of its second, which begins with the point at p: SQLite would round it.
    private const string Second = "CASE p WHEN 0 THEN n ELSE substr(n, 1, p - 1) || ltrim(substr(n, p + 1), '0123456789') END";

    // Every byte, in order: SQLite has no function for a byte's number, but it can find the byte's index in this text.
    private static readonly string s_bytes = $"x'{Convert.ToHexStringLower([.. Enumerable.Range(0, 256).Select(i => (byte)i)])}'";

    private static readonly string[] s_columns =
        ["position", "stream", "version", "eventId", "eventType", "createdDate", "correlationId", "causationId", "metadata", "data"];

    // Left out where a file of schema 1 has a computed column of the name.
    private static readonly string[] s_columnsOfSchema2 = ["timestamp", "occurredAt", "tags", "actor", "schemaVersion"];

    /// <summary>Refuses a database where something else is called <c>events</c> already.</summary>
    internal static void RefuseOther(Database database, string path)
    {
        var found = database.Scalar("SELECT type FROM sqlite_master WHERE name = 'events' COLLATE NOCASE AND type <> 'trigger' AND NOT (type = 'view' AND sql LIKE '%es_events%')");
        if (found is not null)
            throw new StoreSchemaException($"'{path}' has a {found} called 'events', which is the name of the log's view. Nothing was changed.", $"{found} events", SchemaScripts.Newest);
    }

    /// <summary>Makes the view with its triggers. A name that this library would not accept gets no column, because its text would run as SQL.</summary>
    internal static void Create(Database database) => database.ExecuteScript(Script(Columns(database).FindAll(IsValid), Limit(database)));

    /// <summary>The most bytes of an event inserted in SQL: 0, which refuses all, where the file does not say.</summary>
    internal static int Limit(Database database) =>
        int.TryParse(database.Scalar(Sql.EventBytes), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : 0;

    /// <summary>The expected view, triggers and indexes of computed columns, by the settings in the file.</summary>
    internal static IEnumerable<SchemaObject> Objects(Database database) => Objects(Columns(database).FindAll(IsValid), Limit(database));

    /// <summary>The same for given fields and a given limit.</summary>
    internal static IEnumerable<SchemaObject> Objects(List<string> columns, int limit) =>
        [.. SchemaObject.Parse(Script(columns, limit)), .. columns.Select(name => SchemaObject.Made(Index(name)))];

    /// <summary>Stores the size limit of SQL inserts and recreates the view, unless the file has this limit already.</summary>
    internal static void UseLimit(Database database, int eventBytes)
    {
        if (Limit(database) == eventBytes) return;
        database.Execute("BEGIN IMMEDIATE");
        try
        {
            LogFacts.Set(database, "event_bytes", eventBytes);
            Recreate(database);
            database.Execute("COMMIT");
        }
        catch
        {
            if (!database.IsAutoCommit) database.Execute("ROLLBACK");
            throw;
        }
    }

    /// <summary>The types that an INSERT accepts.</summary>
    internal static SqlInsertPolicy Policy(Database database)
    {
        using var fact = database.PrepareOnce(Sql.Fact);
        return fact.Bind(1, LogFacts.KnownTypesOnly).Scalar(0) == 1 ? SqlInsertPolicy.KnownTypes : SqlInsertPolicy.AnyType;
    }

    /// <summary>The types that the file knows.</summary>
    internal static IReadOnlyList<string> KnownTypes(Database database)
    {
        var names = new List<string>();
        database.ForEach(Sql.KnownTypes, row => names.Add(row.Text(0)));
        return names;
    }

    internal static List<string> Columns(Database database)
    {
        var names = new List<string>();
        using var rows = database.PrepareOnce(Sql.ComputedColumns);
        while (rows.Step()) names.Add(rows.Text(0));
        return names;
    }

    /// <summary>Adds a column and its index; false when they are there. Inside the writer's transaction.</summary>
    internal static bool AddColumn(Database database, string name)
    {
        ThrowIfInvalid(name);
        var columns = Columns(database);
        if (columns.Contains(name)) return false;
        if (columns.Find(p => p.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } other)
            throw new ArgumentException($"'{other}' is a computed column already, and SQLite compares names of columns without case. '{name}' was not added; choose another name.", nameof(name));
        Add(database, name);
        Recreate(database);
        return true;
    }

    /// <summary>Adds a field and its index, but not the column: the view is made after it.</summary>
    internal static void Add(Database database, string name)
    {
        using (var insert = database.PrepareOnce(Sql.InsertComputedColumn)) insert.Bind(1, name).Run();
        database.Execute(Index(name));
    }

    /// <summary>True for a name that can be a column, or could be one in a file of schema 1.</summary>
    internal static bool IsValid(string name) => ProblemOf(name, s_columns) is null;

    /// <summary>Refuses a name that cannot be a column, or that versions of SQLite would read differently.</summary>
    internal static void ThrowIfInvalid(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (ProblemOf(name, [.. s_columns, .. s_columnsOfSchema2]) is { } problem) throw new ArgumentException(problem, nameof(name));
    }

    private static string? ProblemOf(string name, string[] taken)
    {
        if (name.Length == 0) return "The name of a computed column has at least one character.";
        foreach (var c in name)
            if (!char.IsAsciiLetterOrDigit(c) && !"_-.$@: ".Contains(c, StringComparison.Ordinal))
                return $"The name of a computed column consists of ASCII letters, digits, blanks and _ - . $ @ :; it has U+{(int)c:X4}.";
        if (name.Length > MaxNameLength) return $"The name of a computed column has at most {MaxNameLength} characters; this one has {name.Length}.";
        return taken.Contains(name, StringComparer.OrdinalIgnoreCase) ? $"The view 'events' has a column '{name}' already; a computed column needs another name." : null;
    }

    private static void Recreate(Database database)
    {
        database.Execute("DROP VIEW IF EXISTS events");
        database.Execute("DROP TRIGGER IF EXISTS es_inbox_append");
        Create(database);
    }

    private static string Index(string name) => $"CREATE INDEX \"es_promoted_{name}\" ON es_events ({Expression(name)})";

    private static string Script(List<string> names, int limit)
    {
        var (columns, expressions, given) = (new StringBuilder(), new StringBuilder(), new StringBuilder("0"));
        foreach (var name in names)
        {
            columns.Append(CultureInfo.InvariantCulture, $", \"{name}\"");
            expressions.Append(CultureInfo.InvariantCulture, $",\n  {Expression(name)}");
            given.Append(CultureInfo.InvariantCulture, $" OR NEW.\"{name}\" IS NOT NULL");
        }

        var script = SchemaScripts.Read("events.sql").ReplaceLineEndings("\n");
        foreach (var name in s_columnsOfSchema2) script = WithColumn(script, name, !names.Contains(name, StringComparer.OrdinalIgnoreCase));
        return script
            .Replace("{second}", Second, StringComparison.Ordinal)
            .Replace("{bytes}", s_bytes, StringComparison.Ordinal)
            .Replace("{columns}", columns.ToString(), StringComparison.Ordinal)
            .Replace("{expressions}", expressions.ToString(), StringComparison.Ordinal)
            .Replace("{limit}", limit.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{given}", given.ToString(), StringComparison.Ordinal);
    }

    // What belongs to the column stands between {name} and {/name}; its value in an INSERT is {new.name}.
    private static string WithColumn(string script, string name, bool isThere)
    {
        var (begin, end) = ($"{{{name}}}", $"{{/{name}}}");
        for (int at; (at = script.IndexOf(begin, StringComparison.Ordinal)) >= 0;)
        {
            var after = script.IndexOf(end, at, StringComparison.Ordinal);
            var kept = isThere ? script[(at + begin.Length)..after] : "";
            script = script[..at] + kept + script[(after + end.Length)..];
        }

        return script.Replace($"{{new.{name}}}", isThere ? "NEW." + name : "NULL", StringComparison.Ordinal);
    }

    // Every version of SQLite must evaluate it alike, or one would find the index that another wrote damaged: numbers beyond 64 bits
    // and texts with U+0000 differ, and 3.40 does not find a property whose name is written with escapes. Blobs may be JSON to newer ones.
    private static string Expression(string name)
    {
        var path = $"'$.\"{name}\"'";
        return $"CASE WHEN typeof(data) = 'text' AND json_valid(data) AND (instr(data, '\\u00') = 0 OR NOT ({EscapedNames(name)})) THEN CASE json_type(data, {path}) "
            + $"WHEN 'text' THEN iif(instr(data->{path}, '\\u0000'), NULL, json_extract(data, {path})) WHEN 'true' THEN 1 WHEN 'false' THEN 0 "
            + $"WHEN 'integer' THEN iif(length(data->{path}) < 19, json_extract(data, {path}), data->{path}) "
            + $"WHEN 'real' THEN iif(length(data->{path}) < 19, json_extract(data, {path}), data->{path}) END END";
    }

    // Escapes of letters and digits, which no serializer writes: U+0060 and U+007F, which some do, are not among them.
    private static string EscapedNames(string name)
    {
        var patterns = new List<string> { "3[0-9]", "[45]", "6[^0]", "7[^fF]" };
        foreach (var c in name.Distinct())
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '@') continue;
            var digits = ((int)c).ToString("x2", CultureInfo.InvariantCulture);
            patterns.Add($"{digits[0]}[{digits[1]}{char.ToUpperInvariant(digits[1])}]");
        }

        return string.Join(" OR ", patterns.Select(p => $"data GLOB '*\\u00{p}*'"));
    }
}
