namespace EventSourcing.Storage;

/// <summary>The capability of a log to run a user's own work in a write's transaction, for example to change rows of the user's own tables in the same database. Found by <see cref="IEventLog.Find{T}"/>.</summary>
/// <typeparam name="TTransaction">The backend's type of transaction. A log with any type of transaction is found by <see cref="object"/>.</typeparam>
public interface IUserTransactions<out TTransaction>
    where TTransaction : class
{
    /// <summary>Stores a write as <see cref="IEventLog.WriteAsync"/> does, with work in the same transaction: after the requirements and the appends, before the changes. Both are committed together or nothing is.</summary>
    /// <param name="write">The write; it may be empty.</param>
    /// <param name="work">Runs at most once for each attempt of the log, synchronously, in the flow of its caller (<see cref="EventContext"/>, activity, culture), while the log is locked for writing: it must be short. It is not run when the write is refused before it. Do not keep the transaction that it is given, and do not use it on another thread. When the work throws, nothing is stored and the call throws the same exception.</param>
    /// <param name="cancellationToken">Before the transaction is begun: nothing is done.</param>
    /// <returns>The outcome of the write. A refused change rolls back the work too.</returns>
    /// <exception cref="ArgumentException">As for <see cref="IEventLog.WriteAsync"/>, or the work is asynchronous; the transaction would not wait for it. Nothing was done.</exception>
    /// <exception cref="InvalidOperationException">The call comes from inside the work of a transaction of the same log. Nothing was done.</exception>
    ValueTask<LogWritten> WriteAsync(LogWrite write, Action<TTransaction> work, CancellationToken cancellationToken);
}
