namespace EventSourcing.Storage;

/// <summary>The tables that a projection makes in the place of its set, instead of storing documents. Defined by the package of a storage, which alone knows them. Immutable.</summary>
public abstract class OwnTables
{
    /// <summary>The names of what it makes: tables, indexes, triggers. No two projections of a set make the same.</summary>
    public abstract IReadOnlyCollection<string> Names { get; }

    /// <summary>Lines that describe the tables. They are compared with those that the log has recorded for the version.</summary>
    public abstract IEnumerable<string> Describe();

    /// <summary>True when a storage keeps such tables.</summary>
    /// <param name="storage">The storage of the log.</param>
    public abstract bool IsKeptBy(IViewStorage storage);

    /// <summary>Compares the tables in two builds, row by row in order of their keys.</summary>
    /// <param name="found">The build that serves.</param>
    /// <param name="expected">The replay.</param>
    /// <param name="rows">How many rows were compared.</param>
    /// <returns>The first difference; null when there is none.</returns>
    public abstract OwnRowDifference? FindDifference(IViewSnapshot found, IViewSnapshot expected, out long rows);
}
