using System.Diagnostics.CodeAnalysis;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>A connection of the writer. It is opened on first use and closed after an error that leaves its state unknown.</summary>
internal sealed class ConnectionSlot(StoreFile file, WriteTransaction? transaction, Func<WriteTransaction> open) : IDisposable
{
    private WriteTransaction? _transaction = transaction;

    /// <summary>The connection's transactions; opens the connection where there is none.</summary>
    /// <exception cref="StoreConfigurationException">The path leads to another file now, or to none.</exception>
    internal WriteTransaction Open()
    {
        file.ThrowIfReplacedLately();
        // User code kept the connection and closed it.
        if (_transaction is { IsReusable: false }) Abandon();
        return _transaction ??= open();
    }

    /// <summary>Begins a transaction; false when another connection has the lock.</summary>
    /// <exception cref="StoreConfigurationException">The path leads to another file now, or to none.</exception>
    internal bool TryBegin([NotNullWhen(true)] out WriteTransaction? transaction)
    {
        transaction = null;
        try
        {
            var opened = Open();
            if (!opened.TryBegin()) return false;
            transaction = opened;
            return true;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == NativeMethods.Busy)
        {
            Abandon();
            return false;
        }
    }

    /// <summary>Makes the next transaction read what is stored again: this writer has written on its other connection.</summary>
    internal void InvalidateCaches() => _transaction?.InvalidateCaches();

    /// <summary>Undoes what is not committed after an error. Closes the connection unless the error is the log's own and the connection can be used again. Never throws.</summary>
    internal void Recover(Exception e)
    {
        // A connection that user code closed cannot even roll back: it has the write lock until its last statement is gone.
        if (e is not EventSourcingException || _transaction is { IsReusable: false } || _transaction?.TryRollback() == false) Abandon();
    }

    /// <summary>Gives the connection up: the next append opens another. Never throws.</summary>
    internal void Abandon()
    {
        var transaction = _transaction;
        _transaction = null;
        if (transaction is null) return;
        _ = transaction.TryRollback();
        Close(transaction);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _transaction, null) is { } transaction) Close(transaction);
    }

    private static void Close(WriteTransaction transaction)
    {
        try
        {
            transaction.Dispose();
        }
        catch (Exception)
        {
            // User code may hold the connection, be notified of its end and throw. The file is closed all the same.
        }
    }
}
