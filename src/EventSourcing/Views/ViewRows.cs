using EventSourcing.Views.Folding;

namespace EventSourcing;

/// <summary>Look-ups for the handlers of a projection, in the documents as they are at this event. Valid during the call only, on its thread.</summary>
/// <typeparam name="TRow">The document.</typeparam>
public sealed class ViewRows<TRow> where TRow : class
{
    private readonly RowFold<TRow> _fold;

    internal ViewRows(RowFold<TRow> fold) => _fold = fold;

    /// <summary>The key of the document that a handler is called for: where an event belongs to many documents, it says which one.</summary>
    /// <exception cref="InvalidOperationException">Keys are being looked up, or the documents are those of another projection.</exception>
    public string Key => _fold.CurrentKey ?? throw new InvalidOperationException("There is a key only in a handler of the projection itself.");

    /// <summary>The document of a key; null where there is none.</summary>
    /// <param name="key">The key.</param>
    public TRow? Get(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return _fold.Get(key);
    }

    /// <summary>The keys of the documents with a value of an index, in order of their UTF-8.</summary>
    /// <param name="index">The index's name.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    public IReadOnlyList<string> Find(string index, ViewValue value)
    {
        ArgumentNullException.ThrowIfNull(index);
        return _fold.FindKeys(index, value);
    }

    /// <summary>The documents of a projection before this one in its set, after the same event.</summary>
    /// <typeparam name="TOther">The other projection's document.</typeparam>
    /// <param name="projection">The other projection's name, declared with <see cref="Projection{TRow}.After"/>.</param>
    /// <exception cref="InvalidOperationException">The projection is not declared, or its documents are of another type.</exception>
    public ViewRows<TOther> Of<TOther>(string projection) where TOther : class
    {
        ArgumentNullException.ThrowIfNull(projection);
        return _fold.Earlier<TOther>(projection);
    }
}
