using System.Diagnostics.CodeAnalysis;
using EventSourcing.Sqlite.Internal;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>The inside of a transaction in which a user's own SQL and the log are written together. Not to be kept, nor used by another thread.</summary>
public sealed class SqliteLogTransaction : ILogTransaction
{
    private readonly WriteSession _session;
    private readonly UserCode _user;
    private readonly LogTransaction _inner;

    internal SqliteLogTransaction(WriteSession session, UserCode user, LogLimits limits) =>
        (_session, _user, _inner) = (session, user, new(append => session.Append(user, append), session, limits));

    /// <summary>The writer's connection, inside its transaction. It is not to be closed; statements that end the transaction are refused.</summary>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    public SqliteConnection Connection
    {
        get
        {
            _inner.ThrowIfEnded();
            return _user.Connection;
        }
    }

    /// <inheritdoc/>
    public bool TryGet(RecordKind kind, string key, [NotNullWhen(true)] out Record? record) => _inner.TryGet(kind, key, out record);

    /// <inheritdoc/>
    public bool TryPut(RecordKind kind, string key, ReadOnlySpan<byte> value, long? ifRevision)
    {
        var copy = value.ToArray();
        return _user.Pause(() => _inner.TryPut(kind, key, copy, ifRevision));
    }

    /// <inheritdoc/>
    public bool TryRemove(RecordKind kind, string key, long? ifRevision) => _user.Pause(() => _inner.TryRemove(kind, key, ifRevision));

    /// <inheritdoc/>
    public IReadOnlyList<Record> Range(RecordKind kind, string from, string? through, int max) => _inner.Range(kind, from, through, max);

    /// <summary>Judges and stores an append as <see cref="IEventLog.AppendAsync"/> does, after what the transaction did before it.</summary>
    /// <param name="append">What to store.</param>
    public AppendResult Append(LogAppend append) => _inner.Append(append);

    internal void End() => _inner.End();
}
