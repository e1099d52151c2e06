namespace EventSourcing.Storage;

/// <summary>Writes a build: rows and the checkpoint in one transaction. Reads what was committed. Used by one thread at a time.</summary>
/// <remarks>
/// A table with <see cref="ViewTable.MaxChanges"/> keeps the last changes of its documents. Each <see cref="Put"/> and each <see cref="Remove"/> in a transaction that begins on a complete build adds a change to it, in the same transaction, where the document differs by a byte
/// from what it was before the call. The transactions before the build is complete, and the one that completes it, add none.
/// </remarks>
public interface IViewWriter : IDisposable
{
    /// <summary>How far the build is.</summary>
    ViewCheckpoint Checkpoint { get; }

    /// <summary>Reads one document.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="key">The key.</param>
    /// <param name="json">The document; valid until the next call.</param>
    /// <param name="position">The position of the last event that changed it.</param>
    /// <returns>False when there is none.</returns>
    bool TryFind(int table, string key, out ReadOnlyMemory<byte> json, out GlobalPosition position);

    /// <summary>The keys of the documents with a value of an index, in order of their UTF-8.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="index">The index's place in <see cref="ViewTable.Indexes"/>.</param>
    /// <param name="value">The value.</param>
    IReadOnlyList<string> FindKeys(int table, int index, ViewValue value);

    /// <summary>Begins a transaction. Its rows are seen by no one before <see cref="Commit"/>.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be begun at present.</exception>
    void Begin();

    /// <summary>Stores a document in the transaction.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="key">The key.</param>
    /// <param name="position">The position of the last event that changed it.</param>
    /// <param name="json">The document.</param>
    /// <param name="values">A value for each index.</param>
    void Put(int table, string key, GlobalPosition position, ReadOnlySpan<byte> json, ReadOnlySpan<ViewValue> values);

    /// <summary>Removes a document in the transaction; one that is not there is no error.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="key">The key.</param>
    /// <param name="position">The position of the event that removed it.</param>
    void Remove(int table, string key, GlobalPosition position);

    /// <summary>Commits the rows with the checkpoint. A complete build is on the disk when the call that completes it returns.</summary>
    /// <param name="checkpoint">How far the rows are.</param>
    /// <returns>False when a higher fencing token has been stored: nothing was written.</returns>
    /// <exception cref="StoreFullException">There is no room. Nothing was written; so with every exception.</exception>
    bool Commit(ViewCheckpoint checkpoint);

    /// <summary>Gives up the transaction; nothing of it is kept. Without one, has no effect.</summary>
    void Rollback();

    /// <summary>Leaves a note for readers of other processes; fenced as a commit.</summary>
    /// <param name="stall">Why the view does not advance; null when it does.</param>
    void ReportStall(string? stall);

    /// <summary>Finds a capability that not every storage has. One that decorates another forwards the call.</summary>
    /// <typeparam name="T">The capability.</typeparam>
    /// <returns>The capability; null where there is none.</returns>
    T? Find<T>()
        where T : class => this as T;
}
