using System.Diagnostics;

namespace EventSourcing.Sqlite.Writing;

/// <summary>The queue of the writer: items that wait, the slots that bound them, and whether a transaction runs at the time. Thread-safe.</summary>
/// <remarks>
/// One lock guards everything. <see cref="_isBusy"/> is true while transactions run: the writer's thread while it works on a group and
/// spins for the next one, or a caller runs its own append inline.
/// </remarks>
/// <param name="path">The log's file, for messages.</param>
/// <param name="capacity">How many items may wait.</param>
/// <param name="startThread">Starts the writer's thread.</param>
#pragma warning disable CA1001 // Callers may wait for a slot while the log closes; semaphores without a wait handle hold nothing that is to be freed.
internal sealed class WriteQueue(string path, int capacity, Action startThread)
#pragma warning restore CA1001
{
    internal const int MaxGroupEvents = 1024;

    // A quarter of the write-ahead log's usual size: checkpoints come in time, and the first of many large appends need not wait for the last.
    private const long MaxGroupBytes = 4 << 20;

    // Long enough for the callers that were just answered to append again, and for other processes to get the lock.
    private static readonly long s_spinTicks = Stopwatch.Frequency / 20_000;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _slots = new(capacity);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Queue<WorkItem> _items = new();
    private readonly InlineAppends _inline = new();
    private bool _isBusy;
    private bool _isClosed;
    private bool _isThreadStarted;

    // True while the transaction in progress may last: user code, or a wait for another connection's lock.
    private bool _isHeldUp;

    // Requests to finalize: the pending request, and the one that the group in progress answers.
    private TaskCompletionSource<Exception?>? _seal, _sealing;
    private long _lockedSince;

    /// <summary>When the lock was first found taken by another connection, as a timestamp; 0 while it is free. Set by the thread that runs transactions at the time.</summary>
    internal long LockedSince
    {
        get => _lockedSince;
        set => Volatile.Write(ref _lockedSince, value);
    }

    /// <summary>Until when the lock is left to other connections, as a timestamp; 0 when it is not. Set by the thread that runs transactions at the time.</summary>
    internal long YieldUntil { get; set; }

    // ---- callers

    /// <summary>Lets the caller run its append itself; false when it has to queue. After true comes <see cref="LeaveInline"/>.</summary>
    internal bool TryEnterInline()
    {
        lock (_lock)
        {
            if (_isBusy || _isClosed || YieldUntil != 0 || _items.Count > 0 || !_inline.TryTake()) return false;
            return _isBusy = true;
        }
    }

    /// <summary>Ends what <see cref="TryEnterInline"/> began.</summary>
    internal void LeaveInline()
    {
        bool isWorkLeft;
        lock (_lock)
        {
            _isBusy = false;
            if (IsAppendQueued()) _inline.NoteContention();
            isWorkLeft = _items.Count > 0 || _seal is not null || (_isClosed && _isThreadStarted);
        }

        if (isWorkLeft) _wake.Release();
    }

    /// <summary>Takes a slot without waiting; false when all are taken.</summary>
    internal bool TryTakeSlot() => _slots.Wait(0, CancellationToken.None);

    /// <summary>Waits for a slot and queues an item.</summary>
    internal async ValueTask EnqueueAsync(WorkItem item, CancellationToken cancellationToken)
    {
        if (!TryTakeSlot())
        {
            // Where another connection has the lock, a wait for a slot is a wait for the lock.
            item.QueuedAt = Stopwatch.GetTimestamp();
            await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        Enqueue(item, cancellationToken);
    }

    /// <summary>Queues an item whose slot is taken. The slot is given back when the item is not queued.</summary>
    internal void Enqueue(WorkItem item, CancellationToken cancellationToken)
    {
        var isQueued = false;
        var wake = false;
        try
        {
            lock (_lock)
            {
                if (_isClosed) throw Closed();
                StartThread();
                if (_lockedSince != 0 && item.QueuedAt == 0) item.QueuedAt = Stopwatch.GetTimestamp();
                item.CancelWith(cancellationToken);
                _items.Enqueue(item);
                isQueued = true;
                wake = !_isBusy && _items.Count == 1;
            }
        }
        finally
        {
            if (!isQueued) _slots.Release();
        }

        if (wake) _wake.Release();
    }

    /// <summary>Requests a transaction that finalizes events. The task's result is the error, or null. Returns null when the transaction in progress has no time limit.</summary>
    internal Task<Exception?>? RequestSeal()
    {
        lock (_lock)
        {
            if (_isClosed) throw Closed();
            if (_isHeldUp) return null;
            StartThread();
            if (_seal is null && !_isBusy) _wake.Release();
            return (_seal ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Refuses everything new. True when there is a thread that finishes what is queued; else the caller waits for <see cref="TryTakeOver"/>.</summary>
    internal bool Close()
    {
        bool isThreadStarted;
        lock (_lock) (isThreadStarted, _isClosed) = (_isThreadStarted, true);
        if (isThreadStarted) _wake.Release();
        return isThreadStarted;
    }

    /// <summary>After <see cref="Close"/>, without a thread: true when no inline append runs any more.</summary>
    internal bool TryTakeOver()
    {
        lock (_lock)
        {
            if (_isBusy) return false;
            return _isBusy = true;
        }
    }

    // ---- the thread

    /// <summary>Takes the next items of one transaction, or none when only finalizing was requested; false when there is nothing to do.</summary>
    /// <param name="group">Empty; receives the items.</param>
    /// <param name="isLast">True when the queue is closed and nothing will come.</param>
    internal bool TryTakeGroup(List<WorkItem?> group, out bool isLast)
    {
        lock (_lock)
        {
            isLast = _isClosed && !_isBusy && _items.Count == 0 && _seal is null;
            if (_isBusy || (_items.Count == 0 && _seal is null)) return false;
            _isBusy = true;
            (_sealing, _seal) = (_seal, null);
            var (weight, bytes) = (0, 0L);
            while (weight < MaxGroupEvents && _items.TryPeek(out var item))
            {
                bytes += item.Bytes;
                if (group.Count > 0 && (item.RunsAlone || bytes > MaxGroupBytes)) break;
                _items.Dequeue();
                _slots.Release();
                if (!item.TryTake()) continue;
                group.Add(item);
                if (item.RunsAlone) break;
                weight += Math.Max(item.Weight, 1);
            }
        }

        return true;
    }

    /// <summary>Waits until something may be to do.</summary>
    internal void Wait() => _wake.Wait();

    /// <summary>The group in progress waits for a lock or runs user code: readers that wait for events to be finalized stop waiting.</summary>
    internal void HoldUp()
    {
        if (_isHeldUp) return;
        TaskCompletionSource<Exception?>? seal;
        lock (_lock) (_isHeldUp, seal, _seal) = (true, _seal, null);
        seal?.TrySetResult(null);
        AnswerSeal(null);
    }

    /// <summary>Answers the request to finalize that the group in progress took.</summary>
    internal void AnswerSeal(Exception? error)
    {
        var seal = _sealing;
        _sealing = null;
        seal?.TrySetResult(error);
    }

    /// <summary>Decides on inline appends by what waits. Called before the answers, while a caller that appends alone has nothing else in the queue.</summary>
    /// <param name="appends">The appends that are about to be answered. Other items (checkpoints, leases) say nothing about callers that append.</param>
    internal void NoteAppends(int appends)
    {
        if (appends == 0) return;
        lock (_lock)
        {
            if (appends > 1 || IsAppendQueued()) _inline.NoteContention();
            else _inline.Grant();
        }
    }

    /// <summary>Waits until as many items are queued as appends were just answered, about 50 µs at most.</summary>
    internal void SpinForNextBatch(int size)
    {
        var until = Stopwatch.GetTimestamp() + s_spinTicks;
        var spin = new SpinWait();
        while (_items.Count < size && Stopwatch.GetTimestamp() < until) spin.SpinOnce(-1);
    }

    /// <summary>The group in progress is done.</summary>
    internal void EndGroup()
    {
        lock (_lock) (_isBusy, _isHeldUp) = (false, false);
    }

    // Under the lock. A thread that cannot be started is the error of the call that needed it; the next call tries again.
    private void StartThread()
    {
        if (_isThreadStarted) return;
        try
        {
            startThread();
        }
        catch (Exception e)
        {
            throw new StoreUnavailableException($"The thread that writes to '{path}' could not be started: {e.Message} Nothing was written.", e);
        }

        _isThreadStarted = true;
    }

    // Under the lock.
    private bool IsAppendQueued()
    {
        foreach (var item in _items)
            if (item is AppendItem) return true;
        return false;
    }

    private ObjectDisposedException Closed() => new(nameof(SqliteEventLog), $"The log in '{path}' is closed.");
}
