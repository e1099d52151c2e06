namespace EventSourcing.Sqlite.Internal;

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

    /// <summary>The objects that a script of ours makes. A statement ends at a line's end, a trigger's with an END that closes no CASE; comments stand between them or inside.</summary>
    internal static IEnumerable<SchemaObject> Parse(string script)
    {
        var statement = new List<string>();
        foreach (var line in script.ReplaceLineEndings("\n").Split('\n'))
        {
            if (statement.Count == 0 && !line.StartsWith("CREATE ", StringComparison.Ordinal)) continue;
            statement.Add(line);
            var isTrigger = statement[0].StartsWith("CREATE TRIGGER ", StringComparison.Ordinal);
            if (isTrigger ? line != "END;" && !line.EndsWith("; END;", StringComparison.Ordinal) : !line.EndsWith(';')) continue;
            yield return Made(string.Join('\n', statement)[..^1]);
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
}
