namespace EventSourcing.Storage;

/// <summary>What a build stores for one projection: documents by key, with values by which they are found.</summary>
public sealed record ViewTable
{
    /// <summary>A table for one projection.</summary>
    /// <param name="name">The projection's name: 1 to 100 lower-case ASCII letters, digits and dashes.</param>
    /// <param name="indexes">The names of the indexes, in order of declaration.</param>
    public ViewTable(string name, IReadOnlyList<string> indexes) => (Name, Indexes) = (name, indexes);

    /// <summary>The projection's name: 1 to 100 lower-case ASCII letters, digits and dashes.</summary>
    public string Name { get; init; }

    /// <summary>The names of the indexes, in order of declaration.</summary>
    public IReadOnlyList<string> Indexes { get; init; }

    /// <summary>The tables that the projection makes instead of storing documents; null for documents, the default.</summary>
    public OwnTables? Own { get; init; }

    /// <summary>How many of the last changes of documents are kept at least; up to a hundredth more may be. 0, the default, for none. A build that was created with changes is not opened without them, and the other way round; the number itself may differ.</summary>
    public int MaxChanges { get; init; }
}
