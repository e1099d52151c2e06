using System.Diagnostics;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>The one writer of a log in this process: a queue, group commit, a verdict for each item.</summary>
/// <remarks>
/// Appends queue for the writer's own thread, which judges all that wait in one transaction and commits once. An idle writer
/// runs the append of a lone caller on the caller's thread, which saves it the hand-over. Who starts many appends before
/// awaiting the first looks like a lone caller then, so only a caller that was seen to wait for its answer is given such turns,
/// and now and then an append goes through the queue to look again. <see cref="_busy"/> says who has the session: it is true
/// while the thread works or lingers, or while a caller runs its own append.
/// </remarks>
internal sealed class Writer : IAsyncDisposable
{
    private const int GroupEventsAtMost = 1024;
    private const int TurnsAloneAtMost = 256;

    // Long enough for the callers just answered to come back with their next append, and for other processes to get the lock.
    private static readonly long s_linger = Stopwatch.Frequency / 20_000;

    private const int LookMilliseconds = 1;

    private readonly StoreFile _file;
    private readonly SqliteOptions _options;
    private readonly SessionSlot _own;
    private readonly SessionSlot _users;
    private readonly CommitSignal _signal;
    private readonly LockShare _share;
    private readonly SemaphoreSlim _places;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<WorkItem> _queue = new();
    private int _threadId;
    private long _freeUntil;
    private int _turnsAlone;
    private int _nextTurnsAlone = 1;
    private bool _busy;
    private bool _disposed;
    private bool _threadStarted;

    /// <param name="file">The log's file.</param>
    /// <param name="options">The log's options.</param>
    /// <param name="own">The session of all work but user code.</param>
    /// <param name="users">The session of user code, on a connection that user code may have.</param>
    /// <param name="signal">Hears of every commit.</param>
    internal Writer(StoreFile file, SqliteOptions options, SessionSlot own, SessionSlot users, CommitSignal signal)
    {
        (_file, _options, _own, _users, _signal) = (file, options, own, users, signal);
        _share = new(new(file));
        _places = new(options.QueueCapacity);
    }

    /// <summary>True on the thread that runs what is queued.</summary>
    internal bool IsOwnThread => Environment.CurrentManagedThreadId == _threadId;

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
        return _places.Wait(0, CancellationToken.None)
            ? TryEnqueue(item, cancellationToken) ? item.Task : ValueTask.FromException<AppendResult>(Disposed())
            : WaitAndEnqueueAsync(item, cancellationToken);
    }

    internal async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        var item = new TransactItem<T>(work, _options.Limits);
        if (!TryEnqueue(item, cancellationToken)) throw Disposed();
        return await item.Task.ConfigureAwait(false);
    }

    /// <summary>Runs work on the session as an item of the queue.</summary>
    internal async ValueTask<T> RunAsync<T>(Func<WriteSession, T> work, bool isUserCode, CancellationToken cancellationToken)
    {
        if (IsOwnThread)
            throw new InvalidOperationException("The log was called from inside its own transaction, which would wait for itself.");
        cancellationToken.ThrowIfCancellationRequested();
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        var item = new SessionItem<T>(work, isUserCode);
        if (!TryEnqueue(item, cancellationToken)) throw Disposed();
        return await item.Task.ConfigureAwait(false);
    }

    /// <summary>Finishes what is queued, then closes the session.</summary>
    public async ValueTask DisposeAsync()
    {
        bool first, started;
        lock (_gate)
        {
            (first, started) = (!_disposed, _threadStarted);
            _disposed = true;
        }

        if (first && started) _wake.Release();
        if (started)
        {
            await _ended.Task.ConfigureAwait(false);
            return;
        }

        // Without a thread, only a caller running its own append can have the session; it is short.
        var spin = new SpinWait();
        while (first && !TryTakeOver()) spin.SpinOnce(-1);
        DisposeSessions();
    }

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
            waiting = _queue.Count > 0 || (_disposed && _threadStarted);
        }

        if (waiting) _wake.Release();
    }

    /// <summary>Runs an append on the caller's thread; false when another connection has the lock, for the writer's thread to wait.</summary>
    private bool TryRunAlone(LogAppend append, out ValueTask<AppendResult> result)
    {
        result = default;
        try
        {
            var session = _own.Open();
            if (!session.TryBegin()) return false;
            _share.Taken();
            result = RunAlone(session, append);
        }
        catch (SqliteException e)
        {
            _own.Abandon();
            result = ValueTask.FromException<AppendResult>(SqliteErrors.Translate(e, _file.Path));
        }
        catch (StoreUnavailableException e)
        {
            result = ValueTask.FromException<AppendResult>(e);
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
        catch (Exception e) when (e is not SqliteException)
        {
            // A refusal has written nothing: the empty transaction ends without I/O, and what is cached stays true.
            if (session.IsHalfWritten) session.Rollback();
            else session.Commit();
            return ValueTask.FromException<AppendResult>(e);
        }

        return Commit(_own, session) switch
        {
            (Outcome.Stored, _) => new(result),
            (Outcome.Unknown, var failure) => ValueTask.FromException<AppendResult>(session.Unknown(append, result, failure!)),
            (_, var failure) => ValueTask.FromException<AppendResult>(SqliteErrors.Translate(failure!, _file.Path)),
        };
    }

    private async ValueTask<AppendResult> WaitAndEnqueueAsync(AppendItem item, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!TryEnqueue(item, cancellationToken)) throw Disposed();
        return await item.Task.ConfigureAwait(false);
    }

    // With a place in the queue, which is given back when the log is closed, so that nobody waits for one for ever.
    private bool TryEnqueue(WorkItem item, CancellationToken cancellationToken)
    {
        bool wake;
        lock (_gate)
        {
            if (_disposed)
            {
                _places.Release();
                return false;
            }

            item.CancelWith(cancellationToken);
            _queue.Enqueue(item);
            wake = !_busy && _queue.Count == 1;
            if (!_threadStarted)
            {
                _threadStarted = wake = true;
                new Thread(Loop) { IsBackground = true, Name = "EventSourcing writer" }.Start();
            }
        }

        if (wake) _wake.Release();
        return true;
    }

    private ObjectDisposedException Disposed() => new(nameof(SqliteEventLog), $"The log in '{_file.Path}' is closed.");

    // ---- the thread

    private void Loop()
    {
        _threadId = Environment.CurrentManagedThreadId;
        var group = new List<WorkItem>();
        while (true)
        {
            LeaveGap();
            if (!TryTakeGroup(group, out var last))
            {
                if (last) break;
                _wake.Wait();
                continue;
            }

            var appends = group.Count(static item => item is AppendItem);
            RunGroup(group);
            group.Clear();
            if (appends > 1) Linger(appends);
            lock (_gate) _busy = false;
        }

        DisposeSessions();
        _ended.SetResult();
    }

    private bool TryTakeGroup(List<WorkItem> group, out bool last)
    {
        lock (_gate)
        {
            last = _disposed && !_busy && _queue.Count == 0;
            if (_busy || _queue.Count == 0) return false;
            _busy = true;
            for (var weight = 0; weight < GroupEventsAtMost && _queue.TryPeek(out var item) && !(item.RunsAlone && group.Count > 0);)
            {
                _queue.Dequeue();
                _places.Release();
                if (!item.TryTake()) continue;
                group.Add(item);
                if (item.RunsAlone) break;
                weight += item.Weight;
            }
        }

        return true;
    }

    // Before the answers: who waits alone has nothing else in the queue now. Checkpoints, leases and the like come from others, and say nothing of who appends.
    private void LookForCompany(List<WorkItem> group)
    {
        var appends = group.Count(static item => item is AppendItem);
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
    private void Begin(WriteSession session)
    {
        var began = Stopwatch.GetTimestamp();
        while (!session.TryBegin())
        {
            if (Stopwatch.GetElapsedTime(began) >= _options.BusyTimeout) throw new SqliteException("The database is locked.", Native.Busy);
            Pause();
        }

        _share.Taken();
    }

#pragma warning disable RS0030 // SQLite has no signal for a lock that was given back.
    private static void Pause() => Thread.Sleep(LookMilliseconds);
#pragma warning restore RS0030

    private void RunGroup(List<WorkItem> group)
    {
        if (group.Count == 0) return;
        var slot = group[0].RunsAlone ? _users : _own;
        WriteSession session;
        try
        {
            session = slot.Open();
            Begin(session);
        }
        catch (Exception e)
        {
            slot.Recover(e);
            foreach (var item in group) item.Fail(Translate(e));
            return;
        }

        try
        {
            foreach (var item in group) item.Run(session);
        }
        catch (Exception e)
        {
            // No verdict, and rows may be half written: nothing of the group is kept, and each runs anew to fail or succeed alone.
            slot.Recover(e);
            if (group.Count == 1) group[0].Fail(Translate(e));
            else foreach (var item in group) RunGroup([item]);
            return;
        }

        Answer(group, slot, session);
    }

    private void Answer(List<WorkItem> group, SessionSlot slot, WriteSession session)
    {
        var (outcome, failure) = Commit(slot, session);
        LookForCompany(group);
        foreach (var item in group)
        {
            if (outcome == Outcome.Stored) item.Complete();
            // What it was refused for may have gone with the transaction: it is judged again.
            else if (item.Refusal is not null && !item.RunsAlone) RunGroup([item]);
            else if (item.Refusal is { } refusal) item.Fail(refusal);
            else if (outcome == Outcome.Unknown) item.FailUnknown(session, failure!);
            else item.Fail(SqliteErrors.Translate(failure!, _file.Path));
        }
    }

    private enum Outcome
    {
        Stored,
        NotStored,
        Unknown,
    }

    /// <summary>Commits and tells the waiting readers.</summary>
    private (Outcome Outcome, SqliteException? Failure) Commit(SessionSlot slot, WriteSession session)
    {
        var first = session.FirstWritten;
        SqliteException? failure = null;
        var outcome = Outcome.Stored;
        try
        {
            session.Commit();
        }
        catch (SqliteException e)
        {
            failure = e;
            slot.Abandon();
            outcome = OutcomeOf(e, first);
        }

        if (outcome == Outcome.Stored) _signal.CountOwn();
        (slot == _own ? _users : _own).Forget();
        _freeUntil = _share.GivenBack(session.OthersWrote);
        if (outcome == Outcome.Stored && (first is not null || session.HasSealed)) _signal.Publish(session.Head);
        return (outcome, failure);
    }

    /// <summary>Finds out by another connection what became of a failed commit.</summary>
    private Outcome OutcomeOf(SqliteException failure, (long Position, Guid Id)? first)
    {
        // A full disk stops the writing before the commit's mark.
        if (failure.SqliteErrorCode == Native.Full) return Outcome.NotStored;
        if (first is not { } intended) return Outcome.Unknown;
        var session = default(WriteSession);
        try
        {
            session = _own.Open();
            session.BusyTimeout(_options.BusyTimeout);
            if (session.TryRefute(intended.Position, intended.Id)) return Outcome.NotStored;
            // A failed fsync is not to be believed when repeated: only the database file's own, after a checkpoint of all, proves the events durable.
            if (session.TryCheckpoint()) return Outcome.Stored;
        }
        catch (Exception e) when (e is SqliteException or StoreUnavailableException)
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

    private Exception Translate(Exception e) => e is SqliteException sqlite ? SqliteErrors.Translate(sqlite, _file.Path) : e;
}
