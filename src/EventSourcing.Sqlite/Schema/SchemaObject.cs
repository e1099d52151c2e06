using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Schema;

/// <summary>A table, index, view or trigger with the text that makes it.</summary>
/// <param name="Type">table, index, view or trigger.</param>
/// <param name="Name">Its name, case aside.</param>
/// <param name="Table">The table or view that it belongs to: itself, where it is one.</param>
/// <param name="Sql">The statement that makes it, as SQLite keeps it.</param>
internal sealed record SchemaObject(string Type, string Name, string Table, string Sql)
{
    /// <summary>What no two objects share: triggers have names of their own, all else shares one set.</summary>
    internal (bool IsTrigger, string Name) Key => (Type == "trigger", Name.ToUpperInvariant());

    // The scripts' line ends are those of the machine that built the library.
    internal bool IsSameAs(SchemaObject other) =>
        Type == other.Type && Key == other.Key && Table.Equals(other.Table, StringComparison.OrdinalIgnoreCase)
        && Sql.ReplaceLineEndings("\n").TrimEnd() == other.Sql.ReplaceLineEndings("\n").TrimEnd();

    public override string ToString() => $"{Type} '{Name}'";

    /// <summary>A table with one more column, the last: as SQLite changes the text, which is before the table's own constraints or, where it has none, before what closes the columns.</summary>
    internal SchemaObject WithColumn(string column)
    {
        var constraints = Sql.IndexOf(",\n  PRIMARY KEY (", StringComparison.Ordinal);
        return this with { Sql = Sql.Insert(constraints >= 0 ? constraints : Sql.LastIndexOf(')'), ", " + column) };
    }

    /// <summary>The objects that a script of ours makes.</summary>
    internal static IEnumerable<SchemaObject> Parse(string script) =>
        Statements(script).Where(s => s.StartsWith("CREATE ", StringComparison.Ordinal)).Select(Made);

    /// <summary>The statements of a script of ours, without the semicolon. A statement begins at a line's beginning and ends at a line's end, a trigger's with an END that closes no CASE; comments stand between them or inside.</summary>
    internal static IEnumerable<string> Statements(string script)
    {
        var statement = new List<string>();
        foreach (var line in script.ReplaceLineEndings("\n").Split('\n'))
        {
            if (statement.Count == 0 && (line.Length == 0 || !char.IsAsciiLetterUpper(line[0]))) continue;
            statement.Add(line);
            var isTrigger = statement[0].StartsWith("CREATE TRIGGER ", StringComparison.Ordinal);
            if (isTrigger ? line != "END;" && !line.EndsWith("; END;", StringComparison.Ordinal) : !line.EndsWith(';')) continue;
            yield return string.Join('\n', statement)[..^1];
            statement.Clear();
        }
    }

    /// <summary>The object that one of our statements makes.</summary>
    internal static SchemaObject Made(string sql)
    {
        var words = sql.Split([' ', '\n', '('], StringSplitOptions.RemoveEmptyEntries);
        var at = words[1] == "UNIQUE" ? 2 : 1;
        var type = words[at].ToLowerInvariant();
        var name = words[at + 1].StartsWith('"') ? sql.Split('"')[1] : words[at + 1];
        return new(type, name, type is "table" or "view" ? name : OwnerIn(sql), sql);
    }

    // The word behind ON: "… BEFORE INSERT ON es_log …", "… ON es_events (…". Our names have no blank before ON but promoted ones, which stand in quotes.
    private static string OwnerIn(string sql)
    {
        var head = sql.StartsWith("CREATE INDEX \"", StringComparison.Ordinal) ? sql[(sql.IndexOf('"', "CREATE INDEX \"".Length) + 1)..] : sql;
        var owner = head[(head.IndexOf(" ON ", StringComparison.Ordinal) + 4)..];
        return owner[..owner.IndexOfAny([' ', '\n', '('])];
    }

    /// <summary>Every object that was made by a statement, in the order in which they were made. What SQLite makes by itself, for UNIQUE and PRIMARY KEY, has no text.</summary>
    internal static List<SchemaObject> ReadAll(Database database)
    {
        var objects = new List<SchemaObject>();
        database.ForEach(Native.Sql.SchemaObjects, row => objects.Add(new(row.Text(0), row.Text(1), row.Text(2), row.Text(3))));
        return objects;
    }
}
