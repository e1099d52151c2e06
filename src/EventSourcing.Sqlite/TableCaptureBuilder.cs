namespace EventSourcing.Sqlite;

/// <summary>Configures the events of a captured table. What is not set has its default.</summary>
public sealed class TableCaptureBuilder
{
    internal TableCaptureBuilder()
    {
    }

    internal string? StreamColumn { get; private set; }

    internal string? Category { get; private set; }

    internal IReadOnlyList<string>? Selected { get; private set; }

    internal (string? Inserted, string? Updated, string? Deleted)? ChosenTypes { get; private set; }

    /// <summary>Gives each row the stream <c>category-value</c>. Default: one stream for the table, with the table's name.</summary>
    /// <remarks>A row without a value is in the stream <c>category</c>. A BLOB is written as hexadecimal text. When the value is not valid in a stream name (a control character, more than 512 bytes), the user's statement fails. An update uses the new value.</remarks>
    /// <param name="column">The column whose value it is.</param>
    /// <param name="category">The part before the dash; null for the table's name.</param>
    public TableCaptureBuilder StreamFrom(string column, string? category = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(column);
        (StreamColumn, Category) = (column, category);
        return this;
    }

    /// <summary>Names the events' types; a change whose type is null is not captured. Default: <c>table-inserted</c>, <c>table-updated</c>, <c>table-deleted</c>.</summary>
    /// <param name="inserted">The type of an insert's event.</param>
    /// <param name="updated">The type of an update's event.</param>
    /// <param name="deleted">The type of a delete's event.</param>
    public TableCaptureBuilder Types(string? inserted = null, string? updated = null, string? deleted = null)
    {
        ChosenTypes = (inserted, updated, deleted);
        return this;
    }

    /// <summary>Selects the columns in the payload. Default: all of the table's.</summary>
    /// <param name="columns">Their names, case aside; at least one.</param>
    public TableCaptureBuilder Columns(params string[] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentOutOfRangeException.ThrowIfZero(columns.Length);
        Selected = [.. columns];
        return this;
    }
}
