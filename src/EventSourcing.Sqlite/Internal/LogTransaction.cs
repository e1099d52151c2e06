using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>The inside of a transaction, as handed to work of the layers above; the library's side of it where the work has the connection, too.</summary>
internal sealed class LogTransaction(WriteSession session, LogLimits limits) : ILogTransaction
{
    private readonly int _threadId = Environment.CurrentManagedThreadId;
    private bool _ended;

    /// <summary>The error of one of the log's own statements. What SQLite has undone by itself then is not known: nothing of the transaction is kept, whatever the work makes of it.</summary>
    internal SqliteException? Failure { get; private set; }

    public bool TryGet(RecordKind kind, string key, [NotNullWhen(true)] out Record? record)
    {
        using var door = Enter(kind);
        try
        {
            return session.Records.TryGet(kind, key, out record);
        }
        catch (SqliteException e) when (IsFailure(e))
        {
            throw;
        }
    }

    public bool TryPut(RecordKind kind, string key, ReadOnlySpan<byte> value, long? ifRevision)
    {
        RecordKey.ThrowIfInvalid(key);
        using var door = Enter(kind);
        try
        {
            return session.Records.TryPut(kind, key, value, ifRevision);
        }
        catch (SqliteException e) when (IsFailure(e))
        {
            throw;
        }
    }

    public bool TryRemove(RecordKind kind, string key, long? ifRevision)
    {
        using var door = Enter(kind);
        try
        {
            return session.Records.TryRemove(kind, key, ifRevision);
        }
        catch (SqliteException e) when (IsFailure(e))
        {
            throw;
        }
    }

    public IReadOnlyList<Record> Range(RecordKind kind, string from, string? through, int max)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        using var door = Enter(kind);
        try
        {
            return session.Records.Range(kind, from, through, max);
        }
        catch (SqliteException e) when (IsFailure(e))
        {
            throw;
        }
    }

    public AppendResult Append(LogAppend what)
    {
        ArgumentNullException.ThrowIfNull(what);
        ThrowIfEnded();
        what.Validate(limits);
        using var door = new Door(session);
        try
        {
            session.CatchUpWithUser();
            return session.Append(what);
        }
        catch (SqliteException e) when (IsFailure(e))
        {
            throw;
        }
    }

    /// <summary>Erases the events of a stream through a version; returns how many.</summary>
    internal long Erase(StreamId stream, long throughVersion, string reason)
    {
        ThrowIfEnded();
        return session.Erase(stream, throughVersion, reason);
    }

    /// <summary>Refuses to go on in a transaction that is over, or that is lost already.</summary>
    internal void ThrowIfEnded()
    {
        if (_ended) throw new InvalidOperationException("The transaction has ended; it is not to be kept.");
        // SQLite's structures would not bear it.
        if (_threadId != Environment.CurrentManagedThreadId) throw new InvalidOperationException("The transaction was used by another thread than the one that runs its work. Nothing was done; use it within the work, on its thread.");
        if (Failure is { } failure) throw new InvalidOperationException("A statement of the log has failed in this transaction: nothing of it is kept.", failure);
        session.ThrowIfEnded();
    }

    /// <summary>After the work: refuses what must not be kept, though the work has returned.</summary>
    internal void ThrowIfLost()
    {
        if (Failure is { } failure) ExceptionDispatchInfo.Throw(failure);
        if (session.IsHalfWritten) throw new InvalidOperationException("An append of the work failed while it was written, and the work went on: nothing of it is kept.");
    }

    internal void End() => _ended = true;

    // As a filter, so that the exception goes on as it is.
    private bool IsFailure(SqliteException e)
    {
        Failure ??= e;
        return true;
    }

    private Door Enter(RecordKind kind)
    {
        if (!Enum.IsDefined(kind)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of record.");
        ThrowIfEnded();
        return new(session);
    }

    /// <summary>The time of the library's own statements between those of user code.</summary>
    private readonly ref struct Door
    {
        private readonly WriteSession _session;

        internal Door(WriteSession session)
        {
            _session = session;
            session.LeaveUserCode();
        }

        public void Dispose() => _session.EnterUserCode();
    }
}
