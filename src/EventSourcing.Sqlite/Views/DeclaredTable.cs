namespace EventSourcing.Sqlite.Views;

/// <summary>A table of a projection's own, as it is compared with a replay.</summary>
/// <param name="Name">The table's name.</param>
/// <param name="Key">The columns that tell its rows apart.</param>
/// <param name="Position">The column with the position of the last event that changed the row; null where there is none.</param>
internal sealed record DeclaredTable(string Name, IReadOnlyList<string> Key, string? Position)
{
    /// <summary>All columns, the key first; read from the schema.</summary>
    internal IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Reads every row in order of the key. The order is that of the values, whatever collation the columns have.</summary>
    internal string Select => $"SELECT {string.Join(", ", Columns.Select(Quote))} FROM {Quote(Name)} ORDER BY {string.Join(", ", Columns.Select(column => $"{Quote(column)} COLLATE BINARY"))}";

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public override string ToString() => $"table {Name} by {string.Join(", ", Key)}{(Position is null ? "" : $", changed at {Position}")}";
}
