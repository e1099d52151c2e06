using System.Diagnostics.CodeAnalysis;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>A session that is opened when it is needed, and given up when its connection is not trusted any more.</summary>
internal sealed class SessionSlot(StoreFile file, WriteSession? session, Func<WriteSession> open) : IDisposable
{
    private WriteSession? _session = session;

    /// <summary>The session, opened where there is none.</summary>
    /// <exception cref="StoreConfigurationException">The path leads to another file now, or to none.</exception>
    internal WriteSession Open()
    {
        file.ThrowIfReplacedLately();
        // Closed by somebody who kept it.
        if (_session is { IsReusable: false }) Abandon();
        return _session ??= open();
    }

    /// <summary>Begins a transaction on the session; false when another connection has the lock.</summary>
    /// <exception cref="StoreConfigurationException">The path leads to another file now, or to none.</exception>
    internal bool TryBegin([NotNullWhen(true)] out WriteSession? session)
    {
        session = null;
        try
        {
            var opened = Open();
            if (!opened.TryBegin()) return false;
            session = opened;
            return true;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == NativeMethods.Busy)
        {
            Abandon();
            return false;
        }
    }

    /// <summary>Makes the session look at what is stored again: another session of this writer has written.</summary>
    internal void Forget() => _session?.Forget();

    /// <summary>Undoes what is not committed after an error. Unless the error is the log's own and the connection is as good as before, gives the connection up. Never throws.</summary>
    internal void Recover(Exception e)
    {
        // A connection that user code closed cannot even roll back: it has the write lock until its last statement is gone.
        if (e is not EventSourcingException || _session is { IsReusable: false } || _session?.TryRollback() == false) Abandon();
    }

    /// <summary>Gives the connection up: the next append opens another. Never throws.</summary>
    internal void Abandon()
    {
        var session = _session;
        _session = null;
        if (session is null) return;
        _ = session.TryRollback();
        Close(session);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _session, null) is { } session) Close(session);
    }

    private static void Close(WriteSession session)
    {
        try
        {
            session.Dispose();
        }
        catch (Exception)
        {
            // User code may have the connection, and may hear of its end and throw. The file is closed all the same.
        }
    }
}
