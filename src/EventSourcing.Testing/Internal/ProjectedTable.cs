namespace EventSourcing.Testing.Internal;

/// <summary>The stored documents of one projection, by key.</summary>
internal sealed record ProjectedTable(Projection Projection, IReadOnlyDictionary<string, byte[]> Documents);
