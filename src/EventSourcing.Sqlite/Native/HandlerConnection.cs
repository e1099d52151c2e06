using System.Data;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Native;

/// <summary>The connection that handlers of a view are given: inside the transaction of the view's file, which the library begins, ends and closes. It is opened once.</summary>
internal sealed class HandlerConnection(string connectionString) : SqliteConnection(connectionString)
{
    internal const string NoOther = "the connection is inside the transaction of the view's file, which the library begins and ends";

    private bool _wasOpened, _isReleased;

    public override void Open()
    {
        if (_wasOpened) throw new InvalidOperationException("The connection of the view's file is opened by the library, and once.");
        base.Open();
        _wasOpened = true;
    }

    public override void Close()
    {
        if (_wasOpened && !_isReleased) throw new InvalidOperationException("The connection belongs to the view's file: a handler must neither close nor dispose of it.");
        base.Close();
    }

    public override SqliteTransaction BeginTransaction(IsolationLevel isolationLevel, bool deferred) => throw new InvalidOperationException($"No transaction was begun: {NoOther}. For a part that may be undone alone, use SAVEPOINT.");

    /// <summary>From now on it can be closed.</summary>
    internal void Release() => _isReleased = true;
}
