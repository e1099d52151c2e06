using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>The loop of the writer's own thread: takes what waits as a group, runs it in one transaction, commits once, and answers each item.</summary>
/// <remarks>
/// A taken item stands in the group until it is answered, and leaves its place in the group then: it is answered once, whatever throws, and what still
/// stands there when the group ends is answered then. What a commit stored stays stored, whatever fails after it.
/// </remarks>
internal sealed class WriterThread(WriteQueue queue, ConnectionSlot own, ConnectionSlot users, Committer committer, LockFairness fairness, string path, TimeSpan busyTimeout)
{
    // One bad append of a group is found by halves within ten. A device that fails is not asked once for each of a thousand.
    private const int MaxFailedReruns = 16;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isInUserCode;
    private int _failedRerunsLeft;

    /// <summary>True while code that is not the library's runs in a transaction.</summary>
    internal bool IsInUserCode => Volatile.Read(ref _isInUserCode);

    /// <summary>Completes when the loop has ended: the queue is closed, empty, and the connections are closed.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>The loop.</summary>
    internal void Run()
    {
        // With room for the largest group: to take an item cannot fail half-way.
        var group = new List<WorkItem?>(WriteQueue.MaxGroupEvents);
        var isOpen = true;
        while (isOpen)
        {
            try
            {
                isOpen = RunNextGroup(group);
            }
            catch (Exception)
            {
                // Between two groups: nothing was taken, and no caller waits for an answer to this.
            }
        }

        own.Dispose();
        users.Dispose();
        _ended.SetResult();
    }

    // False when the log is closed and nothing is left to do.
    private bool RunNextGroup(List<WorkItem?> group)
    {
        YieldLock();
        if (!queue.TryTakeGroup(group, out var isLast))
        {
            if (!isLast) queue.Wait();
            return !isLast;
        }

        Exception? error = null;
        var appends = 0;
        try
        {
            appends = CountAppends(CollectionsMarshal.AsSpan(group));
            _failedRerunsLeft = MaxFailedReruns;
            RunGroup(CollectionsMarshal.AsSpan(group));
        }
        catch (Exception e)
        {
            // No step expected it: what is stored of the group is not known, and the connections' caches are not trusted.
            error = e;
            own.Abandon();
            users.Abandon();
        }

        EndGroup(group, error, appends);
        return true;
    }

    private void EndGroup(List<WorkItem?> group, Exception? error, int appends)
    {
        foreach (ref var place in CollectionsMarshal.AsSpan(group))
            if (Leave(ref place) is { } item) item.Fail(WorkItem.UnknownWithoutIntent(error ?? new InvalidOperationException("A group of the writer ended without an answer.")));
        group.Clear();
        queue.AnswerSeal(error);
        if (appends > 1 && error is null) queue.SpinForNextBatch(appends);
        queue.EndGroup();
    }

    // An item that is about to be answered leaves the group before: its caller may use it again at once.
    private static WorkItem? Leave(ref WorkItem? place)
    {
        var item = place;
        place = null;
        return item;
    }

    // For processes that wait for the lock. Nothing is taken from the queue meanwhile, so that the next group is larger.
    private void YieldLock()
    {
        while (queue.YieldUntil > Stopwatch.GetTimestamp()) LockFairness.Pause();
        queue.YieldUntil = 0;
    }

    // Answers every item. An empty place belongs to an item that was answered before.
    private void RunGroup(Span<WorkItem?> items)
    {
        var runsAlone = items.Length == 1 && items[0] is { RunsAlone: true };
        if (runsAlone) queue.HoldUp();
        var slot = runsAlone ? users : own;
        WriteTransaction? transaction = null;
        try
        {
            if (!TryBegin(slot, items, out transaction)) return;
            Run(items, transaction);
        }
        catch (Exception e)
        {
            slot.Recover(e);
            RunAgain(items, e, hasBegun: transaction is not null);
            return;
        }

        Answer(items, slot, transaction);
    }

    // SQLite's own waiting backs off to looks a tenth of a second apart, which loses against a process that writes all the time.
    // Each item waits for the busy timeout from when it was queued, or from when the lock was found taken: the timeout does not begin again for the items behind.
    private bool TryBegin(ConnectionSlot slot, Span<WorkItem?> items, [NotNullWhen(true)] out WriteTransaction? transaction)
    {
        while (!slot.TryBegin(out transaction))
        {
            var now = Stopwatch.GetTimestamp();
            if (queue.LockedSince == 0) queue.LockedSince = now;
            queue.HoldUp();
            if (!IsAnyPatient(items, now)) return false;
            LockFairness.Pause();
        }

        if (queue.LockedSince != 0) queue.LockedSince = 0;
        fairness.Taken();
        return true;
    }

    // Answers the items whose time is over; false when none is left.
    private bool IsAnyPatient(Span<WorkItem?> items, long now)
    {
        var isAny = false;
        foreach (ref var place in items)
        {
            if (place is null) continue;
            var since = Math.Max(place.QueuedAt, queue.LockedSince);
            if (Stopwatch.GetElapsedTime(since, now) < busyTimeout) isAny = true;
            else Leave(ref place)!.Fail(SqliteErrors.TranslateAny(new SqliteException("The database is locked.", NativeMethods.Busy), path));
        }

        return isAny;
    }

    private void Run(Span<WorkItem?> items, WriteTransaction transaction)
    {
        try
        {
            foreach (var item in items)
            {
                if (item is { RunsUserCode: true }) Volatile.Write(ref _isInUserCode, true);
                item?.Run(transaction);
            }
        }
        finally
        {
            if (_isInUserCode) DropInterrupt();
            Volatile.Write(ref _isInUserCode, false);
        }
    }

    // Something failed without a verdict on one item, and rows may be half written: nothing of the group is kept. What fails again is found by halves, and the others are stored.
    private void RunAgain(Span<WorkItem?> items, Exception e, bool hasBegun)
    {
        if (hasBegun && _failedRerunsLeft > 0 && CountLeft(items) > 1)
        {
            _failedRerunsLeft--;
            var half = items.Length / 2;
            if (CountLeft(items[..half]) > 0) RunGroup(items[..half]);
            if (CountLeft(items[half..]) > 0) RunGroup(items[half..]);
            return;
        }

        // The error of a work that runs alone is the caller's own, unchanged.
        var isOwn = hasBegun && CountLeft(items) == 1;
        var error = SqliteErrors.TranslateAny(e, path);
        foreach (ref var place in items)
            if (Leave(ref place) is { } item) item.Fail(isOwn && item.IsVerdict(e) ? e : error);
        queue.AnswerSeal(error);
    }

    private void Answer(Span<WorkItem?> items, ConnectionSlot slot, WriteTransaction transaction)
    {
        var (outcome, failure) = committer.Commit(slot, transaction);
        queue.NoteAppends(CountAppends(items));
        var error = outcome == CommitOutcome.NotStored ? SqliteErrors.TranslateAny(failure!, path) : null;
        // Refusals of a group in which nothing else was to be stored rest on what was stored before: they are final, and validating them again would never end.
        var isAnyToStore = IsAnyToStore(items);
        var isAnyLeft = false;
        foreach (ref var place in items)
        {
            if (place is null) continue;
            if (outcome == CommitOutcome.Stored) Leave(ref place)!.Complete();
            // The rollback may have removed the reason for the refusal: the append is validated again.
            else if (isAnyToStore && place is { Refusal: not null, RunsAlone: false }) isAnyLeft = true;
            else if (place.Refusal is { } refusal) Leave(ref place)!.Fail(refusal);
            else if (outcome == CommitOutcome.Unknown) Leave(ref place)!.FailUnknown(transaction, failure!);
            else Leave(ref place)!.Fail(error!);
        }

        queue.AnswerSeal(outcome == CommitOutcome.Unknown ? WorkItem.UnknownWithoutIntent(failure!) : error);
        if (isAnyLeft) RunGroup(items);
    }

    private static int CountAppends(ReadOnlySpan<WorkItem?> items)
    {
        var appends = 0;
        foreach (var item in items)
            if (item is AppendItem) appends++;
        return appends;
    }

    private static int CountLeft(ReadOnlySpan<WorkItem?> items)
    {
        var left = 0;
        foreach (var item in items)
            if (item is not null) left++;
        return left;
    }

    private static bool IsAnyToStore(ReadOnlySpan<WorkItem?> items)
    {
        foreach (var item in items)
            if (item is { Refusal: null }) return true;
        return false;
    }

#pragma warning disable RS0030 // An interrupt is seen by sleeping only.
    // Code that runs on this thread can interrupt it: the next wait, wherever it is, would throw.
    private static void DropInterrupt()
    {
        try
        {
            Thread.Sleep(0);
        }
        catch (ThreadInterruptedException)
        {
            // Thrown, the interrupt is gone.
        }
    }
#pragma warning restore RS0030
}
