using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>The transaction of a writer that handlers write into, with a savepoint for each stored event. Shared by the projections of a set that have tables of their own.</summary>
internal sealed class HandlerTransaction(SqliteViewWriter writer, ViewConnection connection, HandlerRunner runner)
{
    private const string Savepoint = "SAVEPOINT es_event", Release = "RELEASE es_event", UndoEvent = "ROLLBACK TO es_event";

    // Codes of errors of the file, not of the handler's SQL: no memory, I/O, damage, no room, not opened, no database.
    private static readonly HashSet<int> s_failures = [7, 10, 11, 13, 14, 26];

    private bool _isInEvent, _hasKept;

    internal bool IsInTransaction
    {
        get
        {
            lock (connection.Gate) return !connection.IsClosed && writer.IsOpen;
        }
    }

    internal bool IsLost { get; private set; }

    internal void Run(int table, Action<SqliteConnection> handle)
    {
        lock (connection.Gate)
        {
            try
            {
                Begin();
                runner.Run(table, isSchema: false, handle);
            }
            catch (SqliteException e) when (s_failures.Contains(e.SqliteErrorCode))
            {
                throw ViewErrors.TranslateWriting(e, connection.Path);
            }
        }
    }

    internal void Keep()
    {
        if (!_isInEvent) return;
        lock (connection.Gate)
        {
            try
            {
                connection.Run(Release);
                (_isInEvent, _hasKept) = (false, true);
            }
            catch (SqliteException e)
            {
                throw ViewErrors.TranslateWriting(e, connection.Path);
            }
        }
    }

    internal void Undo()
    {
        if (!_isInEvent) return;
        _isInEvent = false;
        lock (connection.Gate)
        {
            if (connection.IsClosed) return;
            if (runner.HasEnded || !_hasKept || !TryUndo())
            {
                // Nothing is lost where the event was the first of its transaction.
                IsLost = _hasKept;
                connection.Rollback();
            }
        }
    }

    private void Begin()
    {
        if (!writer.IsOpen)
        {
            writer.Begin();
            runner.Begin();
            _hasKept = false;
        }

        if (_isInEvent) return;
        connection.Run(Savepoint);
        _isInEvent = true;
    }

    private bool TryUndo()
    {
        try
        {
            connection.Run(UndoEvent);
            connection.Run(Release);
            return true;
        }
        catch (SqliteException)
        {
            return false;
        }
    }
}
