using EventSourcing.InMemory;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>The inside of a transaction of a log in memory in which a user's work takes part (<see cref="IUserTransactions{TTransaction}"/>). Do not keep it, and do not use it on another thread: both are refused with <see cref="InvalidOperationException"/>.</summary>
public sealed class InMemoryTransaction
{
    private readonly int _threadId = Environment.CurrentManagedThreadId;
    private Writer? _writer;

    internal InMemoryTransaction(Writer writer) => _writer = writer;

    /// <summary>Validates and stores an append as <see cref="IEventLog.AppendAsync"/> does, after what the transaction did before it.</summary>
    /// <param name="append">What to store. In bytes; <c>store.Encode(append)</c> makes it of typed events.</param>
    /// <exception cref="EventSourcingException">The append is refused, as by <see cref="IEventLog.AppendAsync"/>. Nothing of it is written; unless the work catches it, nothing of the transaction.</exception>
    /// <exception cref="InvalidOperationException">The work has returned, or the call comes from another thread than its own. Nothing was done.</exception>
    public AppendResult Append(LogAppend append)
    {
        ArgumentNullException.ThrowIfNull(append);
        if (_writer is not { } writer) throw new InvalidOperationException("The transaction has ended; it is not to be kept beyond its work.");
        if (_threadId != Environment.CurrentManagedThreadId)
            throw new InvalidOperationException("The transaction was used by another thread than the one that runs its work. Nothing was done; use it within the work, on its thread.");
        writer.Validate(append);
        writer.Append(append, out var result);
        return result;
    }

    internal void End() => _writer = null;
}
