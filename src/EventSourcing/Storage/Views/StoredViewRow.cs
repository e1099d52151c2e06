namespace EventSourcing.Storage;

/// <summary>A document as a build stores it.</summary>
public readonly record struct StoredViewRow
{
    /// <summary>A document with its key and position.</summary>
    /// <param name="key">The document's key.</param>
    /// <param name="position">The position of the last event that changed it.</param>
    /// <param name="json">The document: JSON in UTF-8.</param>
    /// <param name="order">The value that the rows are ordered by; null where they are ordered by key.</param>
    public StoredViewRow(string key, GlobalPosition position, ReadOnlyMemory<byte> json, ViewValue order) => (Key, Position, Json, Order) = (key, position, json, order);

    /// <summary>The document's key.</summary>
    public string Key { get; init; }

    /// <summary>The position of the last event that changed it.</summary>
    public GlobalPosition Position { get; init; }

    /// <summary>The document: JSON in UTF-8.</summary>
    public ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>The value that the rows are ordered by; null where they are ordered by key.</summary>
    public ViewValue Order { get; init; }
}
