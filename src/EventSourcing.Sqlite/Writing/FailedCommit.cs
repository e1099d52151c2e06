using System.Diagnostics;
using EventSourcing.Sqlite.Native;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Determines the outcome of a failed commit on a new connection.</summary>
internal sealed class FailedCommit(ConnectionSlot connection, SqliteOptions options)
{
    /// <summary>Makes sure that the commit stays undone, or that it is durable. Never throws.</summary>
    /// <param name="failure">What the commit threw. Its connection is closed.</param>
    /// <param name="first">Position and id of the first event of the commit; null when it had none.</param>
    internal CommitOutcome Resolve(Exception failure, (long Position, Guid Id)? first)
    {
        // A full disk stops the writing before the commit's mark.
        if (failure is SqliteException { SqliteErrorCode: NativeMethods.Full }) return CommitOutcome.NotStored;
        if (first is not { } intended) return CommitOutcome.Unknown;
        var transaction = default(WriteTransaction);
        try
        {
            transaction = OpenPatiently();
            transaction.BusyTimeout(options.BusyTimeout);
            if (transaction.TryRefute(intended.Position, intended.Id)) return CommitOutcome.NotStored;
            // A repeated fsync after a failed one proves nothing: only the database file's own, after a checkpoint of everything, proves the events durable.
            if (transaction.TryCheckpoint()) return CommitOutcome.Stored;
        }
        catch (Exception)
        {
            connection.Abandon();
            transaction = null;
        }
        finally
        {
            transaction?.BusyTimeout(TimeSpan.Zero);
        }

        return CommitOutcome.Unknown;
    }

    private WriteTransaction OpenPatiently()
    {
        for (var began = Stopwatch.GetTimestamp(); ; LockFairness.Pause())
        {
            try
            {
                return connection.Open();
            }
            catch (SqliteException e) when (e.SqliteErrorCode == NativeMethods.Busy && Stopwatch.GetElapsedTime(began) < options.BusyTimeout)
            {
                // Another connection opens or recovers the file.
            }
        }
    }
}
