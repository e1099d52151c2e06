using EventSourcing.InMemory;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>The inside of a transaction of a log in memory in which a user's work takes part (<see cref="IUserTransactions{TTransaction}"/>). Do not keep it, and do not use it on another thread: both are refused with <see cref="InvalidOperationException"/>.</summary>
public sealed class InMemoryTransaction
{
    private readonly int _threadId = Environment.CurrentManagedThreadId;
    private Writer? _writer;

    internal InMemoryTransaction(Writer writer) => _writer = writer;

    /// <summary>Validates and stores an append as <see cref="IEventLog.AppendAsync"/> does, on top of the transaction's earlier writes.</summary>
    /// <param name="append">The append, in bytes; <c>store.Encode(append)</c> encodes typed events.</param>
    /// <exception cref="EventSourcingException">The append is refused, as by <see cref="IEventLog.AppendAsync"/>, and not written. Unless the work catches the exception, nothing of the transaction is written.</exception>
    /// <exception cref="InvalidOperationException">The work has returned, or the call comes from another thread. Nothing was done.</exception>
    public AppendResult Append(LogAppend append)
    {
        ArgumentNullException.ThrowIfNull(append);
        if (_writer is not { } writer) throw new InvalidOperationException("The transaction has ended: its work has returned. Use it only inside the work.");
        if (_threadId != Environment.CurrentManagedThreadId)
            throw new InvalidOperationException("The transaction was used by another thread than the one that runs its work. Nothing was done. Use it only on that thread.");
        writer.Validate(append);
        writer.Append(append, out var result);
        return result;
    }

    internal void End() => _writer = null;
}
