using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Waiting;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>The one writer of a log in this process. Thread-safe.</summary>
/// <remarks>
/// Writes queue for the writer's own thread, which runs all that wait in one transaction and commits once (<see cref="WriterThread"/>).
/// While nothing waits, the append of a lone caller runs inline on the caller's thread (<see cref="InlineAppends"/>).
/// </remarks>
internal sealed class Writer : IAsyncDisposable
{
    // The maximum delay of a read whose events are not finalized while user code runs in a transaction. Such transactions are usually short.
    private static readonly TimeSpan s_sealPatience = TimeSpan.FromMilliseconds(100);

    private readonly string _path;
    private readonly LogLimits _limits;
    private readonly ConnectionSlot _own;
    private readonly ConnectionSlot _users;
    private readonly LockFairness _fairness;
    private readonly Committer _committer;
    private readonly WriteQueue _queue;
    private readonly WriterThread _thread;
    private readonly Disposal _disposal = new();

    /// <param name="file">The log's file.</param>
    /// <param name="options">The log's options.</param>
    /// <param name="own">The connection of all work but user code.</param>
    /// <param name="users">The connection of user code.</param>
    /// <param name="signal">Is told of every commit.</param>
    /// <param name="fairness">Decides when the lock is left to others.</param>
    /// <param name="startThread">Starts the writer's thread.</param>
    internal Writer(StoreFile file, SqliteOptions options, ConnectionSlot own, ConnectionSlot users, CommitSignal signal, LockFairness fairness, Action<Action> startThread)
    {
        (_path, _limits, _own, _users, _fairness) = (file.Path, options.Limits, own, users, fairness);
        _queue = new(file.Path, options.QueueCapacity, () => startThread(_thread!.Run));
        _committer = new(own, users, signal, fairness, _queue, new(own, options));
        _thread = new(_queue, own, users, _committer, fairness, file.Path, options.BusyTimeout);
    }

    /// <summary>Knows of calls from inside the work of transactions.</summary>
    internal WorkGuard Work { get; } = new();

    /// <summary>Starts a thread for a loop, without the execution context of the call that happens to start it.</summary>
    internal static void StartThread(Action loop) =>
        new Thread(() => loop()) { IsBackground = true, Name = "EventSourcing writer" }.UnsafeStart();

    internal ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<AppendResult>(cancellationToken);
        if (SynchronizationContext.Current is null && _queue.TryEnterInline())
        {
            try
            {
                if (TryRunInline(append, out var result)) return result;
            }
            finally
            {
                _queue.LeaveInline();
            }
        }

        var item = AppendItem.Rent(append, this);
        if (!_queue.TryTakeSlot()) return WaitAndEnqueueAsync(item, cancellationToken);
        try
        {
            _queue.Enqueue(item, cancellationToken);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<AppendResult>(e);
        }

        return item.Task;
    }

    /// <summary>Applies a write of several parts as an item of the queue.</summary>
    /// <param name="write">The write; it was validated.</param>
    /// <param name="work">The user's work in its transaction, or null.</param>
    /// <param name="cancellationToken">Before the item is taken from the queue: nothing is done.</param>
    internal ValueTask<LogWritten> WriteAsync(LogWrite write, Action<SqliteLogTransaction>? work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<LogWritten>(cancellationToken);
        var item = new WriteItem(write, work, _limits, Work);
        if (!_queue.TryTakeSlot()) return WaitAndEnqueueAsync(item, cancellationToken);
        try
        {
            _queue.Enqueue(item, cancellationToken);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<LogWritten>(e);
        }

        return new(item.Task);
    }

    /// <summary>Runs the library's own work in a transaction, as an item of the queue.</summary>
    internal async ValueTask<T> RunAsync<T>(Func<WriteTransaction, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var item = new TransactionItem<T>(work);
        await _queue.EnqueueAsync(item, cancellationToken).ConfigureAwait(false);
        return await item.Task.ConfigureAwait(false);
    }

    /// <summary>Finalizes events that were appended in SQL, for a reader. Does not wait for another connection's lock or for user code.</summary>
    /// <remarks>Every transaction of the writer begins with it. Where it cannot be done just now, reads end before these events, as those of a read-only log do.</remarks>
    internal async ValueTask TrySealAsync(CancellationToken cancellationToken)
    {
        // Inside the work of a transaction the writer is busy with just that.
        if (Work.IsInside) return;
        if (_queue.RequestSeal() is not { } seal) return;

        // The next append throws the errors that are not of these events.
        if (await OutcomeAsync(seal, cancellationToken).ConfigureAwait(false) is { } error
            and not (StoreUnavailableException or StoreConfigurationException or StoreFullException or StoreReadOnlyException or AppendOutcomeUnknownException)) throw error;
    }

    /// <summary>Finishes what is queued, then closes the connections.</summary>
    public ValueTask DisposeAsync() => _disposal.RunAsync(async () =>
    {
        if (_queue.Close())
        {
            await _thread.Ended.ConfigureAwait(false);
            return;
        }

        // Without a thread, only an inline append can be running; it is short.
        var spin = new SpinWait();
        while (!_queue.TryTakeOver()) spin.SpinOnce(-1);
        _own.Dispose();
        _users.Dispose();
    });

    /// <summary>Runs an append on the caller's thread; false when another connection has the lock, for which the writer's thread waits.</summary>
    private bool TryRunInline(LogAppend append, out ValueTask<AppendResult> result)
    {
        result = default;
        try
        {
            if (!_own.TryBegin(out var transaction)) return false;
            if (_queue.LockedSince != 0) _queue.LockedSince = 0;
            _fairness.Taken();
            result = RunInline(transaction, append);
        }
        catch (Exception e)
        {
            _own.Recover(e);
            result = ValueTask.FromException<AppendResult>(SqliteErrors.TranslateAny(e, _path));
        }

        return true;
    }

    private ValueTask<AppendResult> RunInline(WriteTransaction transaction, LogAppend append)
    {
        AppendResult result;
        try
        {
            result = transaction.Append(append);
        }
        catch (EventSourcingException e) when (!transaction.IsHalfWritten)
        {
            // A refusal has written nothing: the empty transaction ends without I/O, and the caches stay true.
            if (transaction.HasSealed) _ = _committer.Commit(_own, transaction);
            else transaction.Commit();
            return ValueTask.FromException<AppendResult>(e);
        }

        var (outcome, failure) = _committer.Commit(_own, transaction);
        return outcome switch
        {
            CommitOutcome.Stored => new(result),
            CommitOutcome.Unknown => ValueTask.FromException<AppendResult>(Unknown(transaction, append, result, failure!)),
            _ => ValueTask.FromException<AppendResult>(SqliteErrors.TranslateAny(failure!, _path)),
        };
    }

    private static AppendOutcomeUnknownException Unknown(WriteTransaction transaction, LogAppend append, AppendResult intended, Exception failure)
    {
        try
        {
            return transaction.Unknown(append, intended, failure);
        }
        catch (Exception e)
        {
            return WorkItem.UnknownWithoutIntent(new AggregateException(failure, e));
        }
    }

    private async ValueTask<AppendResult> WaitAndEnqueueAsync(AppendItem item, CancellationToken cancellationToken)
    {
        await _queue.EnqueueAsync(item, cancellationToken).ConfigureAwait(false);
        return await item.Task.ConfigureAwait(false);
    }

    private async ValueTask<LogWritten> WaitAndEnqueueAsync(WriteItem item, CancellationToken cancellationToken)
    {
        await _queue.EnqueueAsync(item, cancellationToken).ConfigureAwait(false);
        return await item.Task.ConfigureAwait(false);
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
                // Finalizing many events takes time. User code has no time limit, so the reader does not wait for it.
                if (_thread.IsInUserCode) return null;
            }
        }
    }
}
