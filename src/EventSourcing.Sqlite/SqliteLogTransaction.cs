using System.Diagnostics.CodeAnalysis;
using EventSourcing.Sqlite.Internal;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>The inside of a transaction in which a user's own SQL and the log are written together. Not to be kept, nor used by another thread.</summary>
public sealed class SqliteLogTransaction : ILogTransaction
{
    private readonly SqliteConnection _connection;
    private readonly LogTransaction _inner;

    internal SqliteLogTransaction(SqliteConnection connection, LogTransaction inner) => (_connection, _inner) = (connection, inner);

    /// <summary>The writer's connection, inside its transaction. Good until the work returns, for the thread that runs it.</summary>
    /// <remarks>
    /// It is not to be closed, and readers and blobs are disposed before the work returns. Refused are: statements that begin or end the transaction (savepoints of
    /// other names than <c>es_…</c> are free), pragmas that outlive it, and changes of the log's tables, view and triggers. A savepoint that is rolled back takes the
    /// appends since then with it. For EF Core on this connection, set <c>Database.AutoTransactionBehavior = AutoTransactionBehavior.Never</c>: else <c>SaveChanges</c>
    /// begins a transaction of its own as soon as it has two changes.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The transaction has ended: the work has returned; or SQLite has rolled it back within the work, as OR ROLLBACK, RAISE(ROLLBACK) and a full disk have it do.</exception>
    public SqliteConnection Connection
    {
        get
        {
            _inner.ThrowIfEnded();
            return _connection;
        }
    }

    /// <inheritdoc/>
    public bool TryGet(RecordKind kind, string key, [NotNullWhen(true)] out Record? record) => _inner.TryGet(kind, key, out record);

    /// <inheritdoc/>
    public bool TryPut(RecordKind kind, string key, ReadOnlySpan<byte> value, long? ifRevision) => _inner.TryPut(kind, key, value, ifRevision);

    /// <inheritdoc/>
    public bool TryRemove(RecordKind kind, string key, long? ifRevision) => _inner.TryRemove(kind, key, ifRevision);

    /// <inheritdoc/>
    public IReadOnlyList<Record> Range(RecordKind kind, string from, string? through, int max) => _inner.Range(kind, from, through, max);

    /// <summary>Judges and stores an append as <see cref="IEventLog.AppendAsync"/> does, after what the transaction did before it.</summary>
    /// <param name="append">What to store.</param>
    public AppendResult Append(LogAppend append) => _inner.Append(append);
}
