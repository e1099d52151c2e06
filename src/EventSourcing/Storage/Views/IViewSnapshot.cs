namespace EventSourcing.Storage;

/// <summary>The state of a build at one point in time. Used by one thread at a time.</summary>
public interface IViewSnapshot : IDisposable
{
    /// <summary>How far the build is.</summary>
    ViewCheckpoint Checkpoint { get; }

    /// <summary>Why the view does not advance, as its writer has left it (<see cref="IViewWriter.ReportStall"/>); null when it does.</summary>
    string? Stall { get; }

    /// <summary>Reads one document.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="key">The key.</param>
    /// <returns>The document; null when there is none. The memory stays valid.</returns>
    StoredViewRow? Find(int table, string key);

    /// <summary>Reads a page of documents. The memory stays valid.</summary>
    /// <param name="read">Which.</param>
    IReadOnlyList<StoredViewRow> Read(ViewRead read);

    /// <summary>Counts documents.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="conditions">Conditions that a document meets all of; empty for every document.</param>
    long Count(int table, IReadOnlyList<ViewCondition> conditions);

    /// <summary>The place of the last change of a table that keeps changes (<see cref="ViewTable.MaxChanges"/>); <c>default</c> where there was none.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <exception cref="InvalidOperationException">The table keeps none.</exception>
    ViewChangePlace FindLastChange(int table);

    /// <summary>Reads kept changes in the order in which they were written. The memory stays valid.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="fromOrdinal">The ordinal of the first change to read. Where it is not kept any more, those after it are read.</param>
    /// <param name="max">At most this many changes, 1 or more.</param>
    /// <exception cref="InvalidOperationException">The table keeps none.</exception>
    IReadOnlyList<StoredViewChange> ReadChanges(int table, long fromOrdinal, int max);

    /// <summary>Finds a capability that not every storage has. One that decorates another forwards the call.</summary>
    /// <typeparam name="T">The capability.</typeparam>
    /// <returns>The capability; null where there is none.</returns>
    T? Find<T>()
        where T : class => this as T;
}
