using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>A session that is opened when it is needed, and given up when its connection is not trusted any more.</summary>
internal sealed class SessionSlot(StoreFile file, WriteSession? session, Func<WriteSession> open) : IDisposable
{
    private WriteSession? _session = session;

    /// <summary>The session, opened where there is none.</summary>
    /// <exception cref="StoreUnavailableException">The path leads to another file now, or to none.</exception>
    internal WriteSession Open()
    {
        file.ThrowIfReplacedLately();
        // Closed by somebody who kept it.
        if (_session is { IsReusable: false }) Abandon();
        return _session ??= open();
    }

    /// <summary>Makes the session look at what is stored again: another session of this writer has written.</summary>
    internal void Forget() => _session?.Forget();

    /// <summary>Undoes what is not committed after an error; after one of SQLite's, and where user code has closed it, gives the connection up.</summary>
    internal void Recover(Exception e)
    {
        // One that was closed cannot even roll back: it has the write lock until its last statement is gone.
        if (e is SqliteException || _session is { IsReusable: false }) Abandon();
        else _session?.Rollback();
    }

    /// <summary>Gives the connection up: the next append opens another.</summary>
    internal void Abandon()
    {
        var session = _session;
        _session = null;
        if (session is null) return;
        session.Rollback();
        session.Dispose();
    }

    public void Dispose()
    {
        _session?.Dispose();
        _session = null;
    }
}
