namespace EventSourcing.Storage;

/// <summary>What an inline view sees of a transaction of its log. Used on the thread that runs the transaction, until the call that it was given to returns.</summary>
public interface IInlineTransaction
{
    /// <summary>The position of the last event, of those that the transaction has appended too.</summary>
    GlobalPosition Head { get; }

    /// <summary>Finds a record.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">The key.</param>
    /// <returns>The record as the transaction sees it; null when there is none.</returns>
    StoredRecord? FindRecord(RecordKind kind, string key);

    /// <summary>Opens a build for writing in this transaction. It reads what the transaction has written too. Its <see cref="IViewWriter.Begin"/> and <see cref="IViewWriter.Rollback"/> have no effect, and <see cref="IViewWriter.Commit"/> stores the checkpoint in the transaction, and removes the note of <see cref="IViewWriter.ReportStall"/> when it advances.</summary>
    /// <param name="id">The build.</param>
    /// <param name="tables">What it stores.</param>
    /// <returns>The writer, valid until the transaction ends or something of it is undone; null when the log has no such build.</returns>
    /// <exception cref="StoreCorruptException">The build is not what was written.</exception>
    IViewWriter? FindWriter(ViewBuildId id, IReadOnlyList<ViewTable> tables);

    /// <summary>Reads a page of events as the transaction sees them, its own included.</summary>
    /// <param name="read">Which.</param>
    LogPage Read(AllRead read);

    /// <summary>Runs work of which nothing is kept when it throws.</summary>
    /// <param name="work">The work.</param>
    void Isolated(Action work);
}
