namespace EventSourcing.Storage;

/// <summary>A page of documents of one projection.</summary>
public sealed record ViewRead
{
    /// <summary>The projection's place among the tables of the build.</summary>
    public required int Table { get; init; }

    /// <summary>Conditions that a document meets all of; empty for every document.</summary>
    public IReadOnlyList<ViewCondition> Conditions { get; init; } = [];

    /// <summary>The index by which documents are ordered, and then by key; null for the key alone. Keys are ordered by their UTF-8.</summary>
    public int? OrderBy { get; init; }

    /// <summary>True for the reverse order, of the key too.</summary>
    public bool Descending { get; init; }

    /// <summary>The last document of the page before; null for the first page.</summary>
    public (ViewValue Order, string Key)? After { get; init; }

    /// <summary>At most this many documents, 1 or more.</summary>
    public required int Max { get; init; }
}
