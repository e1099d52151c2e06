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
        Type == other.Type && Key == other.Key && Table.Equals(other.Table, StringComparison.OrdinalIgnoreCase) && Sql.ReplaceLineEndings("\n") == other.Sql.ReplaceLineEndings("\n");

    public override string ToString() => $"{Type} '{Name}'";
}
