namespace EventSourcing.Storage;

/// <summary>A change of a document as a build keeps it.</summary>
public readonly record struct StoredViewChange
{
    /// <summary>A change with its place.</summary>
    /// <param name="place">Its place among the changes of the table.</param>
    /// <param name="key">The document's key.</param>
    /// <param name="position">The position of the event that was the last one to change the document.</param>
    /// <param name="before">The document before the change: JSON in UTF-8; null where there was none.</param>
    /// <param name="after">The document after the change: JSON in UTF-8; null where it was removed.</param>
    public StoredViewChange(ViewChangePlace place, string key, GlobalPosition position, ReadOnlyMemory<byte>? before, ReadOnlyMemory<byte>? after) =>
        (Place, Key, Position, Before, After) = (place, key, position, before, after);

    /// <summary>Its place among the changes of the table.</summary>
    public ViewChangePlace Place { get; init; }

    /// <summary>The document's key.</summary>
    public string Key { get; init; }

    /// <summary>The position of the event that was the last one to change the document.</summary>
    public GlobalPosition Position { get; init; }

    /// <summary>The document before the change: JSON in UTF-8; null where there was none.</summary>
    public ReadOnlyMemory<byte>? Before { get; init; }

    /// <summary>The document after the change: JSON in UTF-8; null where it was removed.</summary>
    public ReadOnlyMemory<byte>? After { get; init; }
}
