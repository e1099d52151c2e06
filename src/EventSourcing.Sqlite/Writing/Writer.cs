using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using EventSourcing.Internal;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Waiting;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>The one writer of a log in this process: a queue, group commit, a verdict for each item.</summary>
/// <remarks>
/// Appends queue for the writer's own thread, which judges all that wait in one transaction and commits once. An idle writer
/// runs the append of a lone caller on the caller's thread, which saves it the hand-over. Who starts many appends before
/// awaiting the first looks like a lone caller then, so only a caller that was seen to wait for its answer is given such turns,
/// and now and then an append goes through the queue to look again. <see cref="_busy"/> says who has the session: it is true
/// while the thread works or lingers, or while a caller runs its own append.
/// <para>
/// An item that was taken from the queue stands in the group until it is answered, and leaves its place in that moment: it is answered
/// once, whatever throws, and what is still there when a turn ends is answered then. What a commit stored stays stored, whatever fails
/// after it.
/// </para>
/// </remarks>
internal sealed class Writer : IAsyncDisposable
{
    private const int GroupEventsAtMost = 1024;
    private const int TurnsAloneAtMost = 256;

    // A quarter of the write-ahead log's usual size: it comes to be brought into the file in time, and the first of many large appends need not wait for the last.
    private const long GroupBytesAtMost = 4 << 20;

    // One bad append among a group's is found by halves within ten. A device that fails is not asked once for each of a thousand.
    private const int FailedRerunsAtMost = 16;

    // A read whose events are not sealed may be late by this where the code of others runs in a transaction, which is short as a rule.
    private static readonly TimeSpan s_sealPatience = TimeSpan.FromMilliseconds(100);

    // Long enough for the callers just answered to come back with their next append, and for other processes to get the lock.
    private static readonly long s_linger = Stopwatch.Frequency / 20_000;

    private const int LookMilliseconds = 1;

    private readonly StoreFile _file;
    private readonly SqliteOptions _options;
    private readonly SessionSlot _own;
    private readonly SessionSlot _users;
    private readonly CommitSignal _signal;
    private readonly LockFairness _share;
    private readonly Action<Action> _startThread;
    private readonly Disposal _disposal = new();
    private readonly SemaphoreSlim _places;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<WorkItem> _queue = new();
    private long _freeUntil;
    private int _turnsAlone;
    private int _nextTurnsAlone = 1;
    private bool _busy;
    private bool _disposed;
    private bool _threadStarted;

    // Requests to seal: the one that waits, and the one that this turn answers.
    private TaskCompletionSource<Exception?>? _seal, _sealing;

    // True while the session is held by what may last: user code, or another connection's lock.
    private bool _isHeldUp;
    private bool _isInOthersCode;

    // When the lock was first found taken by another connection, as a timestamp; 0 while it is free.
    private long _lockedSince;
    private int _failedRerunsLeft;

    /// <param name="file">The log's file.</param>
    /// <param name="options">The log's options.</param>
    /// <param name="own">The session of all work but user code.</param>
    /// <param name="users">The session of user code, on a connection that user code may have.</param>
    /// <param name="signal">Hears of every commit.</param>
    /// <param name="share">Says when the lock is left to others.</param>
    /// <param name="startThread">Starts the writer's thread.</param>
    internal Writer(StoreFile file, SqliteOptions options, SessionSlot own, SessionSlot users, CommitSignal signal, LockFairness share, Action<Action> startThread)
    {
        (_file, _options, _own, _users, _signal, _share, _startThread) = (file, options, own, users, signal, share, startThread);
        _places = new(options.QueueCapacity);
    }

    /// <summary>Starts a thread of its own for a loop, without anything of the flow of control that happens to start it.</summary>
    internal static void StartThread(Action loop) =>
        new Thread(() => loop()) { IsBackground = true, Name = "EventSourcing writer" }.UnsafeStart();

    internal ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<AppendResult>(cancellationToken);
        if (SynchronizationContext.Current is null && TryEnterIdle())
        {
            try
            {
                if (TryRunAlone(append, out var result)) return result;
            }
            finally
            {
                Leave();
            }
        }

        var item = AppendItem.Rent(append, this);
        if (!_places.Wait(0, CancellationToken.None)) return WaitAndEnqueueAsync(item, cancellationToken);
        try
        {
            Enqueue(item, cancellationToken);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<AppendResult>(e);
        }

        return item.Task;
    }

    /// <summary>Knows of calls from inside the work of transactions.</summary>
    internal WorkGuard Work { get; } = new();

    /// <summary>Applies a write of several parts as an item of the queue.</summary>
    /// <param name="write">The write; it was validated.</param>
    /// <param name="work">The user's work in its transaction, or null.</param>
    /// <param name="cancellationToken">Before the item is taken from the queue: nothing is done.</param>
    internal ValueTask<LogWritten> WriteAsync(LogWrite write, Action<SqliteLogTransaction>? work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<LogWritten>(cancellationToken);
        var item = new WriteItem(write, work, _options.Limits, Work);
        if (!_places.Wait(0, CancellationToken.None)) return WaitAndEnqueueAsync(item, cancellationToken);
        try
        {
            Enqueue(item, cancellationToken);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<LogWritten>(e);
        }

        return new(item.Task);
    }

    /// <summary>Runs work on the session as an item of the queue.</summary>
    internal async ValueTask<T> RunAsync<T>(Func<WriteSession, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var item = new SessionItem<T>(work);
        await EnqueueAsync(item, cancellationToken).ConfigureAwait(false);
        return await item.Task.ConfigureAwait(false);
    }

    /// <summary>Seals what was appended in SQL, for a reader. It waits for the sealing, but neither for another connection's lock nor for user code.</summary>
    /// <remarks>Every transaction of the writer begins with it. Where it cannot be done just now, reads end before these events, as those of a read-only log do.</remarks>
    internal async ValueTask TrySealAsync(CancellationToken cancellationToken)
    {
        // Inside the work of a transaction the writer is busy with just that.
        if (Work.IsInside) return;
        TaskCompletionSource<Exception?> seal;
        lock (_gate)
        {
            if (_disposed) throw Disposed();
            if (_isHeldUp) return;
            StartThread();
            if (_seal is null && !_busy) _wake.Release();
            seal = _seal ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        // The next writer of an event hears of the errors that are not of these events.
        if (await OutcomeAsync(seal.Task, cancellationToken).ConfigureAwait(false) is { } error
            and not (StoreUnavailableException or StoreConfigurationException or StoreFullException or StoreReadOnlyException or AppendOutcomeUnknownException)) throw error;
    }

    private async ValueTask<Exception?> OutcomeAsync(Task<Exception?> seal, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await seal.WaitAsync(s_sealPatience, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Many events take their time to be sealed. The code of others may take any time: that is not waited for.
                if (Volatile.Read(ref _isInOthersCode)) return null;
            }
        }
    }

    /// <summary>Finishes what is queued, then closes the session.</summary>
    public ValueTask DisposeAsync() => _disposal.RunAsync(async () =>
    {
        bool started;
        lock (_gate)
        {
            started = _threadStarted;
            _disposed = true;
        }

        if (started)
        {
            _wake.Release();
            await _ended.Task.ConfigureAwait(false);
            return;
        }

        // Without a thread, only a caller running its own append can have the session; it is short.
        var spin = new SpinWait();
        while (!TryTakeOver()) spin.SpinOnce(-1);
        DisposeSessions();
    });

    private void DisposeSessions()
    {
        _own.Dispose();
        _users.Dispose();
    }

    private bool TryTakeOver()
    {
        lock (_gate)
        {
            if (_busy) return false;
            return _busy = true;
        }
    }

    // ---- callers

    private bool TryEnterIdle()
    {
        lock (_gate)
        {
            if (_busy || _disposed || _turnsAlone == 0 || _freeUntil != 0 || _queue.Count > 0) return false;
            _turnsAlone--;
            return _busy = true;
        }
    }

    private void Leave()
    {
        bool waiting;
        lock (_gate)
        {
            _busy = false;
            if (IsAppendQueued()) SeeCompany();
            waiting = _queue.Count > 0 || _seal is not null || (_disposed && _threadStarted);
        }

        if (waiting) _wake.Release();
    }

    /// <summary>Runs an append on the caller's thread; false when another connection has the lock, for the writer's thread to wait.</summary>
    private bool TryRunAlone(LogAppend append, out ValueTask<AppendResult> result)
    {
        result = default;
        try
        {
            if (!_own.TryBegin(out var session)) return false;
            LockIsOurs();
            result = RunAlone(session, append);
        }
        catch (Exception e)
        {
            _own.Recover(e);
            result = ValueTask.FromException<AppendResult>(Translate(e));
        }

        return true;
    }

    private ValueTask<AppendResult> RunAlone(WriteSession session, LogAppend append)
    {
        AppendResult result;
        try
        {
            result = session.Append(append);
        }
        catch (EventSourcingException e) when (!session.IsHalfWritten)
        {
            // A refusal has written nothing: the empty transaction ends without I/O, and what is cached stays true.
            if (session.HasSealed) _ = Commit(_own, session);
            else session.Commit();
            return ValueTask.FromException<AppendResult>(e);
        }

        var (outcome, failure) = Commit(_own, session);
        return outcome switch
        {
            Outcome.Stored => new(result),
            Outcome.Unknown => ValueTask.FromException<AppendResult>(Unknown(session, append, result, failure!)),
            _ => ValueTask.FromException<AppendResult>(Translate(failure!)),
        };
    }

    private static AppendOutcomeUnknownException Unknown(WriteSession session, LogAppend append, AppendResult intended, Exception failure)
    {
        try
        {
            return session.Unknown(append, intended, failure);
        }
        catch (Exception e)
        {
            return WorkItem.UnknownWithoutIntent(new AggregateException(failure, e));
        }
    }

    private async ValueTask<AppendResult> WaitAndEnqueueAsync(AppendItem item, CancellationToken cancellationToken)
    {
        await EnqueueAsync(item, cancellationToken).ConfigureAwait(false);
        return await item.Task.ConfigureAwait(false);
    }

    private async ValueTask<LogWritten> WaitAndEnqueueAsync(WriteItem item, CancellationToken cancellationToken)
    {
        await EnqueueAsync(item, cancellationToken).ConfigureAwait(false);
        return await item.Task.ConfigureAwait(false);
    }

    private async ValueTask EnqueueAsync(WorkItem item, CancellationToken cancellationToken)
    {
        if (!_places.Wait(0, CancellationToken.None))
        {
            // To wait for a place is to wait for the lock, where another connection has it.
            item.QueuedAt = Stopwatch.GetTimestamp();
            await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        Enqueue(item, cancellationToken);
    }

    // With a place in the queue, which is given back when the item is not queued, so that nobody waits for one for ever.
    private void Enqueue(WorkItem item, CancellationToken cancellationToken)
    {
        var isQueued = false;
        var wake = false;
        try
        {
            lock (_gate)
            {
                if (_disposed) throw Disposed();
                StartThread();
                if (_lockedSince != 0 && item.QueuedAt == 0) item.QueuedAt = Stopwatch.GetTimestamp();
                item.CancelWith(cancellationToken);
                _queue.Enqueue(item);
                isQueued = true;
                wake = !_busy && _queue.Count == 1;
            }
        }
        finally
        {
            if (!isQueued) _places.Release();
        }

        if (wake) _wake.Release();
    }

    // Under the gate. A thread that cannot be started is the error of the call that needed it; the next call tries again.
    private void StartThread()
    {
        if (_threadStarted) return;
        try
        {
            _startThread(Loop);
        }
        catch (Exception e)
        {
            throw new StoreUnavailableException($"The thread that writes to '{_file.Path}' could not be started: {e.Message} Nothing was written.", e);
        }

        _threadStarted = true;
    }

    private ObjectDisposedException Disposed() => new(nameof(SqliteEventLog), $"The log in '{_file.Path}' is closed.");

    // ---- the thread

    private void Loop()
    {
        // With room for the largest group: to take an item cannot fail half-way.
        var group = new List<WorkItem?>(GroupEventsAtMost);
        var isOpen = true;
        while (isOpen)
        {
            try
            {
                isOpen = TakeTurn(group);
            }
            catch (Exception)
            {
                // Between two turns: nothing was taken, and nobody waits for an answer to this.
            }
        }

        DisposeSessions();
        _ended.SetResult();
    }

    // False when the log is closed and nothing is left to do.
    private bool TakeTurn(List<WorkItem?> group)
    {
        LeaveGap();
        if (!TryTakeGroup(group, out var last))
        {
            if (!last) _wake.Wait();
            return !last;
        }

        Exception? error = null;
        var appends = 0;
        try
        {
            appends = CountAppends(group);
            _failedRerunsLeft = FailedRerunsAtMost;
            RunGroup(CollectionsMarshal.AsSpan(group));
        }
        catch (Exception e)
        {
            // No step of the turn expected it: nobody can say what is stored of the group, and what the connections know is not trusted.
            error = e;
            _own.Abandon();
            _users.Abandon();
        }

        EndTurn(group, error, appends);
        return true;
    }

    private void EndTurn(List<WorkItem?> group, Exception? error, int appends)
    {
        foreach (ref var place in CollectionsMarshal.AsSpan(group))
            if (Leave(ref place) is { } item) item.Fail(WorkItem.UnknownWithoutIntent(error ?? new InvalidOperationException("A turn of the writer ended without an answer.")));
        group.Clear();
        AnswerSeal(error);
        if (appends > 1 && error is null) Linger(appends);
        lock (_gate) (_busy, _isHeldUp) = (false, false);
    }

    // An item that is answered leaves the group at that moment: its caller may use it again at once.
    private static WorkItem? Leave(ref WorkItem? place)
    {
        var item = place;
        place = null;
        return item;
    }

    private static int CountAppends(List<WorkItem?> group)
    {
        var appends = 0;
        foreach (var item in group)
            if (item is AppendItem) appends++;
        return appends;
    }

    private bool TryTakeGroup(List<WorkItem?> group, out bool last)
    {
        lock (_gate)
        {
            last = _disposed && !_busy && _queue.Count == 0 && _seal is null;
            if (_busy || (_queue.Count == 0 && _seal is null)) return false;
            _busy = true;
            (_sealing, _seal) = (_seal, null);
            var (weight, bytes) = (0, 0L);
            while (weight < GroupEventsAtMost && _queue.TryPeek(out var item))
            {
                bytes += item.Bytes;
                if (group.Count > 0 && (item.RunsAlone || bytes > GroupBytesAtMost)) break;
                _queue.Dequeue();
                _places.Release();
                if (!item.TryTake()) continue;
                group.Add(item);
                if (item.RunsAlone) break;
                weight += Math.Max(item.Weight, 1);
            }
        }

        return true;
    }

    // Before the answers: who waits alone has nothing else in the queue now. Checkpoints, leases and the like come from others, and say nothing of who appends.
    private void LookForCompany(ReadOnlySpan<WorkItem?> items)
    {
        var appends = 0;
        foreach (var item in items)
            if (item is AppendItem) appends++;
        if (appends == 0) return;
        lock (_gate)
        {
            if (appends > 1 || IsAppendQueued())
            {
                SeeCompany();
                return;
            }

            _turnsAlone = _nextTurnsAlone;
            _nextTurnsAlone = Math.Min(_nextTurnsAlone * 2, TurnsAloneAtMost);
        }
    }

    private bool IsAppendQueued()
    {
        foreach (var item in _queue)
            if (item is AppendItem) return true;
        return false;
    }

    private void SeeCompany() => (_turnsAlone, _nextTurnsAlone) = (0, 1);

    // Until as many wait as there were appends that were just answered, but not for long.
    private void Linger(int size)
    {
        var until = Stopwatch.GetTimestamp() + s_linger;
        var spin = new SpinWait();
        while (_queue.Count < size && Stopwatch.GetTimestamp() < until) spin.SpinOnce(-1);
    }

    // For processes that wait for the lock. Nothing is taken from the queue meanwhile, so that the next group is the fuller.
    private void LeaveGap()
    {
        while (_freeUntil > Stopwatch.GetTimestamp()) Pause();
        _freeUntil = 0;
    }

    // SQLite's own waiting backs off to looks a tenth of a second apart, which loses against a process that writes all the time.
    // Each item waits for the busy timeout from when it was queued, or from when the lock was found taken: it does not begin again for those behind.
    private bool TryBegin(SessionSlot slot, Span<WorkItem?> items, [NotNullWhen(true)] out WriteSession? session)
    {
        while (!slot.TryBegin(out session))
        {
            var now = Stopwatch.GetTimestamp();
            if (_lockedSince == 0) Volatile.Write(ref _lockedSince, now);
            HoldUp();
            if (!IsAnyPatient(items, now)) return false;
            Pause();
        }

        LockIsOurs();
        return true;
    }

    // Answers the items whose time is over; false when none is left.
    private bool IsAnyPatient(Span<WorkItem?> items, long now)
    {
        var isAny = false;
        foreach (ref var place in items)
        {
            if (place is null) continue;
            var since = Math.Max(place.QueuedAt, _lockedSince);
            if (Stopwatch.GetElapsedTime(since, now) < _options.BusyTimeout) isAny = true;
            else Leave(ref place)!.Fail(Translate(new SqliteException("The database is locked.", NativeMethods.Busy)));
        }

        return isAny;
    }

    private void LockIsOurs()
    {
        if (_lockedSince != 0) _lockedSince = 0;
        _share.Taken();
    }

    // Readers that wait for what was appended in SQL wait no longer.
    private void HoldUp()
    {
        if (_isHeldUp) return;
        TaskCompletionSource<Exception?>? seal;
        lock (_gate) (_isHeldUp, seal, _seal) = (true, _seal, null);
        seal?.TrySetResult(null);
        AnswerSeal(null);
    }

    private void AnswerSeal(Exception? error)
    {
        var seal = _sealing;
        _sealing = null;
        seal?.TrySetResult(error);
    }

#pragma warning disable RS0030 // SQLite has no signal for a lock that was given back, and an interrupt is seen by sleeping only.
    private static void Pause() => Thread.Sleep(LookMilliseconds);

    // Code that runs on the writer's thread can interrupt it: the next wait, wherever it is, would throw.
    private static void ForgetInterrupt()
    {
        try
        {
            Thread.Sleep(0);
        }
        catch (ThreadInterruptedException)
        {
            // Forgotten by being thrown.
        }
    }
#pragma warning restore RS0030

    // Answers every item. A place that is empty belongs to an item that was answered before.
    private void RunGroup(Span<WorkItem?> items)
    {
        var runsAlone = items.Length == 1 && items[0] is { RunsAlone: true };
        if (runsAlone) HoldUp();
        var slot = runsAlone ? _users : _own;
        WriteSession? session = null;
        try
        {
            if (!TryBegin(slot, items, out session)) return;
            Run(items, session);
        }
        catch (Exception e)
        {
            slot.Recover(e);
            RunAgain(items, e, hasBegun: session is not null);
            return;
        }

        Answer(items, slot, session);
    }

    private void Run(Span<WorkItem?> items, WriteSession session)
    {
        try
        {
            foreach (var item in items)
            {
                if (item is { RunsCodeOfOthers: true }) Volatile.Write(ref _isInOthersCode, true);
                item?.Run(session);
            }
        }
        finally
        {
            if (_isInOthersCode) ForgetInterrupt();
            Volatile.Write(ref _isInOthersCode, false);
        }
    }

    // No verdict, and rows may be half written: nothing of the group is kept. What fails again and again by halves is found alone, and the others are stored.
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

        // The error of a work that runs alone is the caller's own, as it is.
        var isOwn = hasBegun && CountLeft(items) == 1;
        var error = Translate(e);
        foreach (ref var place in items)
            if (Leave(ref place) is { } item) item.Fail(isOwn && item.IsVerdict(e) ? e : error);
        AnswerSeal(error);
    }

    private static int CountLeft(ReadOnlySpan<WorkItem?> items)
    {
        var left = 0;
        foreach (var item in items)
            if (item is not null) left++;
        return left;
    }

    private void Answer(Span<WorkItem?> items, SessionSlot slot, WriteSession session)
    {
        var (outcome, failure) = Commit(slot, session);
        LookForCompany(items);
        var error = outcome == Outcome.NotStored ? Translate(failure!) : null;
        // Refusals of a group in which nothing else was to be stored rest on what was stored before: they stand, and to judge them again would never end.
        var isAnyToStore = IsAnyToStore(items);
        var isAnyLeft = false;
        foreach (ref var place in items)
        {
            if (place is null) continue;
            if (outcome == Outcome.Stored) Leave(ref place)!.Complete();
            // What it was refused for may have gone with the transaction: it is judged again.
            else if (isAnyToStore && place is { Refusal: not null, RunsAlone: false }) isAnyLeft = true;
            else if (place.Refusal is { } refusal) Leave(ref place)!.Fail(refusal);
            else if (outcome == Outcome.Unknown) Leave(ref place)!.FailUnknown(session, failure!);
            else Leave(ref place)!.Fail(error!);
        }

        AnswerSeal(outcome == Outcome.Unknown ? WorkItem.UnknownWithoutIntent(failure!) : error);
        if (isAnyLeft) RunGroup(items);
    }

    private static bool IsAnyToStore(ReadOnlySpan<WorkItem?> items)
    {
        foreach (var item in items)
            if (item is { Refusal: null }) return true;
        return false;
    }

    private enum Outcome
    {
        Stored,
        NotStored,
        Unknown,
    }

    /// <summary>Commits and tells the waiting readers. Never throws: whatever fails after the commit does not change what became of it.</summary>
    private (Outcome Outcome, Exception? Failure) Commit(SessionSlot slot, WriteSession session)
    {
        var first = session.FirstWritten;
        Exception? failure = null;
        var outcome = Outcome.Stored;
        try
        {
            session.Commit();
        }
        catch (Exception e)
        {
            failure = e;
            slot.Abandon();
            outcome = OutcomeOf(e, first);
        }

        (slot == _own ? _users : _own).Forget();
        try
        {
            if (outcome == Outcome.Stored) _signal.CountOwn();
            if (outcome == Outcome.Stored && (first is not null || session.HasSealed)) _signal.Publish(session.Head);
            _freeUntil = _share.GivenBack(session.OthersWrote);
        }
        catch (Exception)
        {
            // Whether others want the lock could not be found out, or a reader not be told: the next commit does both again.
            _freeUntil = 0;
        }

        if (!session.IsReusable) slot.Abandon();
        return (outcome, failure);
    }

    /// <summary>Finds out by another connection what became of a failed commit. Never throws.</summary>
    private Outcome OutcomeOf(Exception failure, (long Position, Guid Id)? first)
    {
        // A full disk stops the writing before the commit's mark.
        if (failure is SqliteException { SqliteErrorCode: NativeMethods.Full }) return Outcome.NotStored;
        if (first is not { } intended) return Outcome.Unknown;
        var session = default(WriteSession);
        try
        {
            session = OpenPatiently();
            session.BusyTimeout(_options.BusyTimeout);
            if (session.TryRefute(intended.Position, intended.Id)) return Outcome.NotStored;
            // A failed fsync is not to be believed when repeated: only the database file's own, after a checkpoint of all, proves the events durable.
            if (session.TryCheckpoint()) return Outcome.Stored;
        }
        catch (Exception)
        {
            _own.Abandon();
            session = null;
        }
        finally
        {
            session?.BusyTimeout(TimeSpan.Zero);
        }

        return Outcome.Unknown;
    }

    private WriteSession OpenPatiently()
    {
        for (var began = Stopwatch.GetTimestamp(); ; Pause())
        {
            try
            {
                return _own.Open();
            }
            catch (SqliteException e) when (e.SqliteErrorCode == NativeMethods.Busy && Stopwatch.GetElapsedTime(began) < _options.BusyTimeout)
            {
                // Another connection opens or recovers the file.
            }
        }
    }

    private Exception Translate(Exception e) => e is SqliteException sqlite ? SqliteErrors.Translate(sqlite, _file.Path) : e;
}
