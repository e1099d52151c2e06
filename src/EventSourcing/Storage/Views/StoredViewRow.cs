namespace EventSourcing.Storage;

/// <summary>A document as a build stores it.</summary>
/// <param name="Key">The document's key.</param>
/// <param name="Position">The position of the last event that changed it.</param>
/// <param name="Json">The document: JSON in UTF-8.</param>
/// <param name="Order">The value that the rows are ordered by; null where they are ordered by key.</param>
public readonly record struct StoredViewRow(string Key, GlobalPosition Position, ReadOnlyMemory<byte> Json, ViewValue Order);
