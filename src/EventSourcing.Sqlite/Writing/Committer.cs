using EventSourcing.Sqlite.Waiting;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Commits the transactions of the writer and tells everything that depends on a commit. Used by the thread that runs transactions at the time.</summary>
/// <param name="own">The connection of all work but user code.</param>
/// <param name="users">The connection of user code.</param>
/// <param name="signal">The waiting readers.</param>
/// <param name="fairness">Decides when the lock is left to others.</param>
/// <param name="queue">Keeps until when.</param>
/// <param name="failed">Determines the outcome of a failed commit.</param>
internal sealed class Committer(ConnectionSlot own, ConnectionSlot users, CommitSignal signal, LockFairness fairness, WriteQueue queue, FailedCommit failed)
{
    /// <summary>Commits. Never throws: whatever fails after the commit does not change what became of it.</summary>
    internal (CommitOutcome Outcome, Exception? Failure) Commit(ConnectionSlot slot, WriteTransaction transaction)
    {
        var first = transaction.FirstWritten;
        Exception? failure = null;
        var outcome = CommitOutcome.Stored;
        try
        {
            transaction.Commit();
        }
        catch (Exception e)
        {
            failure = e;
            slot.Abandon();
            outcome = failed.Resolve(e, first);
        }

        Tell(slot, transaction, isStored: outcome == CommitOutcome.Stored, hasEvents: first is not null || transaction.HasSealed);
        return (outcome, failure);
    }

    // The order matters. The other connection's caches come first: they are wrong from the commit on, and the call cannot fail. The commit is counted
    // before it is published, so that the watcher knows its own process's commit when the change of the file reaches it. Readers are told before the
    // look at other processes, which may read the file system, and before the callers are answered: an answered caller finds its events with every
    // reader. The connection goes last, because the head is still read from it.
    private void Tell(ConnectionSlot slot, WriteTransaction transaction, bool isStored, bool hasEvents)
    {
        (slot == own ? users : own).InvalidateCaches();
        try
        {
            if (isStored) signal.CountOwn();
            if (isStored && hasEvents) signal.Publish(transaction.Head);
            queue.YieldUntil = fairness.GivenBack(transaction.OthersWrote);
        }
        catch (Exception)
        {
            // Other processes could not be looked for, or a reader not be told: the next commit does both again.
            queue.YieldUntil = 0;
        }

        if (!transaction.IsReusable) slot.Abandon();
    }
}
