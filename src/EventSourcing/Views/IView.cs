namespace EventSourcing;

/// <summary>Reads the documents of one projection. Immutable and thread-safe; each call reads the view at one point in time.</summary>
/// <remarks>
/// While no build of the declared version is complete, a call waits or fails (<see cref="EventViewsOptions.WhileBuilding"/>). A call fails with <see cref="StoreCorruptException"/> where the view is damaged or belongs to another log, and with
/// <see cref="LogDivergedException"/> where the log was restored to an older state: rebuild it then (<see cref="EventViews.RebuildAsync"/>).
/// </remarks>
/// <typeparam name="TRow">The document.</typeparam>
public interface IView<TRow> where TRow : class
{
    /// <summary>The projection's name.</summary>
    string Name { get; }

    /// <summary>The same view, read only once it has handled everything up to a position: reads one's own write, with <see cref="AppendResult.LastPosition"/>.</summary>
    /// <remarks>A read of it waits, without polling where the view runs in this process, and fails at once with a <see cref="SubscriptionException"/> when the view is paused or faulted before the position.</remarks>
    /// <param name="position">A position of the log.</param>
    IView<TRow> At(GlobalPosition position);

    /// <summary>Reads one document; null where there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    ValueTask<TRow?> FindAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Reads the documents of many keys at one point in time; keys without a document are left out.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    ValueTask<IReadOnlyDictionary<string, TRow>> FindManyAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default);

    /// <summary>All documents, in order of their keys' UTF-8, to be narrowed and ordered.</summary>
    ViewQuery<TRow> All { get; }

    /// <summary>The documents with a value of an index.</summary>
    /// <param name="index">The index's name.</param>
    /// <param name="value">The value; <c>default</c> for none.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    ViewQuery<TRow> Where(string index, ViewValue value) => All.Where(index, value);

    /// <summary>All documents, ordered by an index and then by key.</summary>
    /// <param name="index">The index's name.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    ViewQuery<TRow> OrderBy(string index) => All.OrderBy(index);

    /// <summary>All documents, in descending order of an index and then of the key.</summary>
    /// <param name="index">The index's name.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    ViewQuery<TRow> OrderByDescending(string index) => All.OrderByDescending(index);
}
