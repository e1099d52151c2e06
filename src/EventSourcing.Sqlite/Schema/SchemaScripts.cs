using System.Globalization;

namespace EventSourcing.Sqlite.Schema;

/// <summary>The scripts of the schema. The numbered ones make the tables and their indexes: each brings a file from the schema before it to its own, and a new file runs all of them.</summary>
internal static class SchemaScripts
{
    internal const int Newest = 2;

    private static readonly IReadOnlyList<SchemaObject>[] s_tables = Tables();

    /// <summary>The tables and indexes of a schema, with the text that SQLite keeps of them.</summary>
    /// <param name="schema">From 1 to <see cref="Newest"/>.</param>
    internal static IReadOnlyList<SchemaObject> TablesOf(int schema) => s_tables[schema - 1];

    /// <summary>The script that makes a schema of the one before.</summary>
    internal static string Numbered(int schema) => Read(schema.ToString("000", CultureInfo.InvariantCulture) + ".sql");

    /// <summary>A script, from the assembly's resources.</summary>
    internal static string Read(string name)
    {
        using var resource = typeof(SchemaScripts).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(resource);
        return reader.ReadToEnd();
    }

    private static IReadOnlyList<SchemaObject>[] Tables()
    {
        var schemas = new IReadOnlyList<SchemaObject>[Newest];
        IReadOnlyList<SchemaObject> before = [];
        for (var i = 0; i < schemas.Length; i++) schemas[i] = before = Apply(before, Numbered(i + 1));
        return schemas;
    }

    private static List<SchemaObject> Apply(IReadOnlyList<SchemaObject> before, string script)
    {
        var objects = before.ToList();
        foreach (var statement in SchemaObject.Statements(script))
        {
            var words = statement.Split([' ', '\n'], 6);
            if (words[0] == "CREATE") objects.Add(SchemaObject.Made(statement));
            else if (words is ["ALTER", "TABLE", var altered, "ADD", "COLUMN", var column])
            {
                var index = objects.FindIndex(o => o.Type == "table" && o.Name == altered);
                objects[index] = objects[index].WithColumn(column);
            }
            else if (words is ["DROP", "TABLE", var dropped]) objects.RemoveAll(o => o.Table == dropped);
        }

        return objects;
    }
}
