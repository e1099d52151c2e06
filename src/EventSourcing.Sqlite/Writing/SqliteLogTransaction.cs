using System.Runtime.ExceptionServices;
using EventSourcing.Sqlite.Writing;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>A transaction in which the user's own SQL and appends are committed together. Valid until the work returns, on the thread that runs it; any other use throws <see cref="InvalidOperationException"/>.</summary>
public sealed class SqliteLogTransaction
{
    private readonly SqliteConnection _connection;
    private readonly WriteTransaction _transaction;
    private readonly LogLimits _limits;
    private readonly int _threadId = Environment.CurrentManagedThreadId;
    private bool _hasEnded;

    internal SqliteLogTransaction(SqliteConnection connection, WriteTransaction transaction, LogLimits limits) => (_connection, _transaction, _limits) = (connection, transaction, limits);

    /// <summary>The writer's connection, inside its transaction. Valid until the work returns, on the thread that runs it.</summary>
    /// <remarks>
    /// Do not close it, and dispose readers and blobs before the work returns. The connection refuses statements that begin or end the transaction (savepoints with
    /// other names than <c>es_…</c> are allowed), pragmas that outlive it, and changes of the log's tables, view and triggers. Rolling back to a savepoint also removes the
    /// appends since that savepoint. For EF Core on this connection, set <c>Database.AutoTransactionBehavior = AutoTransactionBehavior.Never</c>: else <c>SaveChanges</c>
    /// begins a transaction of its own as soon as it has two changes.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The transaction has ended: the work has returned; or SQLite has rolled it back within the work (OR ROLLBACK, RAISE(ROLLBACK), a full disk).</exception>
    public SqliteConnection Connection
    {
        get
        {
            ThrowIfEnded();
            return _connection;
        }
    }

    /// <summary>The error of one of the log's own statements. It is not known what SQLite has undone by itself, so nothing of the transaction is kept, even when the work catches the error.</summary>
    internal SqliteException? Failure { get; private set; }

    /// <summary>Validates and stores an append as <see cref="IEventLog.AppendAsync"/> does, after what the transaction did before it.</summary>
    /// <param name="append">What to store. In bytes; <c>store.Encode(append)</c> makes it of typed events.</param>
    /// <exception cref="EventSourcingException">The append is refused, as by <see cref="IEventLog.AppendAsync"/>. Nothing of it is written. When the work does not catch the exception, nothing of the transaction is committed.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="Connection"/>.</exception>
    public AppendResult Append(LogAppend append)
    {
        ArgumentNullException.ThrowIfNull(append);
        ThrowIfEnded();
        append.Validate(_limits);
        // The library's own statements, between those of user code.
        _transaction.UserWork.Leave();
        try
        {
            _transaction.UserWork.CatchUp();
            return _transaction.Append(append);
        }
        catch (SqliteException e)
        {
            Failure ??= e;
            throw;
        }
        finally
        {
            _transaction.UserWork.Enter();
        }
    }

    /// <summary>After the work: refuses what must not be kept, though the work has returned.</summary>
    internal void ThrowIfLost()
    {
        if (Failure is { } failure) ExceptionDispatchInfo.Throw(failure);
        if (_transaction.IsHalfWritten) throw new InvalidOperationException("An append of the work failed while it was written, and the work continued. Nothing of the transaction is kept.");
    }

    internal void End() => _hasEnded = true;

    private void ThrowIfEnded()
    {
        if (_hasEnded) throw new InvalidOperationException("The transaction has ended. Use it only within the work that it was given to.");
        // SQLite's connection is not thread-safe here.
        if (_threadId != Environment.CurrentManagedThreadId) throw new InvalidOperationException("The transaction was used by another thread than the one that runs its work. Nothing was done; use it within the work, on its thread.");
        if (Failure is { } failure) throw new InvalidOperationException("A statement of the log failed in this transaction. Nothing of the transaction is kept.", failure);
        _transaction.UserWork.ThrowIfEnded();
    }
}
