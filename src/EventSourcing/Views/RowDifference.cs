namespace EventSourcing;

/// <summary>A document of a view that is not the same at two points in the past.</summary>
/// <typeparam name="TRow">The document.</typeparam>
public sealed record RowDifference<TRow> where TRow : class
{
    /// <summary>Compares one document.</summary>
    /// <param name="key">The document's key.</param>
    /// <param name="before">The document at the first point; null where there was none.</param>
    /// <param name="after">The document at the second point; null where there was none.</param>
    public RowDifference(string key, TRow? before, TRow? after) => (Key, Before, After) = (key, before, after);

    /// <summary>The document's key.</summary>
    public string Key { get; init; }

    /// <summary>The document at the first point; null where there was none.</summary>
    public TRow? Before { get; init; }

    /// <summary>The document at the second point; null where there was none.</summary>
    public TRow? After { get; init; }
}
