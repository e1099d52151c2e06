using EventSourcing.Storage;

namespace EventSourcing.Sqlite;

/// <summary>Operations that only a store in a SQLite file has.</summary>
public static class SqliteEventStoreExtensions
{
    /// <summary>Runs the user's own SQL and appends in one transaction: all of it is committed, or nothing.</summary>
    /// <param name="store">A store whose log is a <see cref="SqliteEventLog"/>, decorated or not: the transaction goes to that log directly.</param>
    /// <param name="work">The work, with the rules of <see cref="SqliteEventLog.InSqliteTransactionAsync"/>.</param>
    /// <param name="cancellationToken">Cancels only before the work starts. Then nothing is done.</param>
    /// <exception cref="ArgumentException">The work is asynchronous. Nothing was done.</exception>
    /// <exception cref="InvalidOperationException">The store's log is not a <see cref="SqliteEventLog"/>.</exception>
    public static async ValueTask InSqliteTransactionAsync(this IEventStore store, Action<SqliteStoreTransaction> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        SynchronousDelegate.ThrowIfAsync(work, nameof(work));
        await store.InSqliteTransactionAsync(transaction =>
        {
            work(transaction);
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs the user's own SQL and appends in one transaction, and returns the result of the work: all of it is committed, or nothing.</summary>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="store">A store whose log is a <see cref="SqliteEventLog"/>, decorated or not: the transaction goes to that log directly.</param>
    /// <param name="work">The work, with the rules of <see cref="SqliteEventLog.InSqliteTransactionAsync"/>.</param>
    /// <param name="cancellationToken">Cancels only before the work starts. Then nothing is done.</param>
    /// <exception cref="ArgumentException">The work is asynchronous, or its result is a task. Nothing was done.</exception>
    /// <exception cref="InvalidOperationException">The store's log is not a <see cref="SqliteEventLog"/>.</exception>
    public static ValueTask<T> InSqliteTransactionAsync<T>(this IEventStore store, Func<SqliteStoreTransaction, T> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(work);
        SynchronousDelegate.ThrowIfAsync(work, nameof(work));
        if (store.Log.Find<SqliteEventLog>() is not { } log) throw new InvalidOperationException($"The store's log is a {store.Log.GetType().Name}, not in a SQLite file.");
        return log.InSqliteTransactionAsync(transaction => work(new(store, transaction)), cancellationToken);
    }
}
