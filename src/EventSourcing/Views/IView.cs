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

    /// <summary>Follows the changes of documents: those after a place, and then every new one. The projection declares that they are kept (<see cref="Projection{TRow}.KeepChanges"/>). Ends by cancellation, by an error, and when the <see cref="EventViews"/> are disposed.</summary>
    /// <remarks>
    /// Each key gives one change where the view is written, however many events there were; a document that is the same then, or that was created and removed between two writes, gives none. <see cref="EventViews.RebuildKeyAsync"/> gives a change, a build of the view gives none and ends the enumeration.
    /// A change may come twice only to a caller that continues from an older token. Where the view runs in this process, a write wakes the enumeration; elsewhere the place is looked at every 50 ms. While the view is paused or stopped, the enumeration waits. The caller takes its time: changes are read from the place in pages, and none is buffered.
    /// </remarks>
    /// <param name="from">The token of the last change that was handled, or of a snapshot (<see cref="ViewSnapshot.ChangeToken"/>): so nothing is missing and nothing comes twice. <c>default</c> for changes from the first <see cref="IAsyncEnumerator{T}.MoveNextAsync"/> on.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>The changes, in the order in which they were written. Can be enumerated several times, each time from the token.</returns>
    /// <exception cref="NotSupportedException">The projection keeps no changes.</exception>
    /// <exception cref="ArgumentException">The token is of another view.</exception>
    /// <exception cref="InvalidOperationException">The view is that of a snapshot.</exception>
    /// <exception cref="ViewChangesLostException">In the enumeration, at once or later: the view was built again or has a new version, or the changes after the token are not kept any more, because the reader is too slow or was away too long. Read the view, and continue from the token of that read.</exception>
    IAsyncEnumerable<ViewChange<TRow>> ChangesAsync(ViewChangeToken from = default, CancellationToken cancellationToken = default);

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
