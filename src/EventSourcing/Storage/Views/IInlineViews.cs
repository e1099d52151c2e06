namespace EventSourcing.Storage;

/// <summary>A capability of a log (<see cref="IEventLog.Find{T}"/>): views whose documents are in the log itself, written in the transactions of its appends.</summary>
public interface IInlineViews
{
    /// <summary>The builds that are in the log. A build is made and filled as any other one, by a writer of its own; once it serves, the transactions of appends write it (<see cref="IInlineTransaction.FindWriter"/>).</summary>
    IViewStorage Storage { get; }

    /// <summary>Has a view take part in every transaction of this object that may append.</summary>
    /// <param name="view">The view; it is called by one thread at a time, while the log is locked for writing.</param>
    /// <exception cref="InvalidOperationException">The view is attached already.</exception>
    void Attach(IInlineView view);

    /// <summary>Ends it. A transaction that is running may call the view once more. Has no effect for a view that is not attached.</summary>
    /// <param name="view">The view.</param>
    void Detach(IInlineView view);

    /// <summary>Runs transactions without an append until every attached view has handled what is stored, and work in the last of them.</summary>
    /// <param name="work">The work; null for none. What it throws is thrown by the call, and nothing of it is kept.</param>
    /// <param name="cancellationToken">Before the first transaction is begun: nothing is done.</param>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    /// <exception cref="StoreUnavailableException">The log cannot be written at present.</exception>
    ValueTask AdvanceAsync(Action<IInlineTransaction>? work, CancellationToken cancellationToken);
}
