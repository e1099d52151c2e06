namespace EventSourcing.Sqlite;

/// <summary>The configuration of a captured table: its changes become events. Made by <see cref="SqliteEventLog.CaptureTableAsync"/>.</summary>
public sealed record TableCapture
{
    internal TableCapture()
    {
    }

    /// <summary>The table.</summary>
    public required string Table { get; init; }

    /// <summary>The stream of its events, or the part before the dash when <see cref="StreamColumn"/> names the rest.</summary>
    public required string Category { get; init; }

    /// <summary>The column whose value names a row's stream, <c>category-value</c>; null when all rows share one stream.</summary>
    public string? StreamColumn { get; init; }

    /// <summary>The type of an insert's event; null when inserts are not captured.</summary>
    public string? InsertedType { get; init; }

    /// <summary>The type of an update's event; null when updates are not captured.</summary>
    public string? UpdatedType { get; init; }

    /// <summary>The type of a delete's event; null when deletes are not captured.</summary>
    public string? DeletedType { get; init; }

    /// <summary>The columns in the payload.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>What has changed since the table was captured, as a sentence: a column was added, removed or renamed, the table was renamed or dropped, a trigger was removed. Null when nothing has.</summary>
    public string? Problem { get; init; }

    /// <summary>Every column the table had when it was captured.</summary>
    internal IReadOnlyList<string> TableColumns { get; init; } = [];
}
