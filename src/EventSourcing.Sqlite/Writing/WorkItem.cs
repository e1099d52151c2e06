namespace EventSourcing.Sqlite.Writing;

/// <summary>One entry of the writer's queue.</summary>
internal abstract class WorkItem
{
    private const int Waiting = 0, Taken = 1, Cancelled = 2;

    private int _state;
    private CancellationTokenRegistration _registration;

    /// <summary>About how many events it writes, for the size of a group.</summary>
    internal abstract int Weight { get; }

    /// <summary>About how many bytes it writes, for the size of a group.</summary>
    internal virtual long Bytes => 0;

    /// <summary>When it began to wait, as a timestamp; 0 when that was before another connection took the lock.</summary>
    internal long QueuedAt { get; set; }

    /// <summary>True for an item that has a transaction to itself, so that what it does to the transaction concerns no other item.</summary>
    internal virtual bool RunsAlone => false;

    /// <summary>True for an item whose work has no time limit. Readers that wait for events to be finalized do not wait for it.</summary>
    internal virtual bool RunsUserCode => true;

    /// <summary>The item's verdict when it is an error found before anything of it was written; else null.</summary>
    internal Exception? Refusal { get; private set; }

    /// <summary>Lets the caller cancel the item while it is queued.</summary>
    internal void CancelWith(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(static (item, token) => ((WorkItem)item!).Cancel(token), this);
    }

    /// <summary>Claims the item for execution, so that its caller can no longer cancel it; false when the caller cancelled it before.</summary>
    internal bool TryTake()
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Waiting) != Waiting) return false;
        _registration.Dispose();
        return true;
    }

    /// <summary>Runs inside the transaction; what is thrown for this item alone becomes its verdict.</summary>
    internal void Run(WriteTransaction transaction)
    {
        Refusal = null;
        try
        {
            RunCore(transaction);
        }
        catch (Exception e) when (IsVerdict(e) && !transaction.IsHalfWritten && !transaction.IsLost)
        {
            Refusal = e;
        }
    }

    /// <summary>Answers the caller after the commit. As every answer: given once, and never throws.</summary>
    internal void Complete()
    {
        if (Refusal is { } refusal) Fail(refusal);
        else Answer(null);
    }

    /// <summary>Answers the caller after a commit of which it is not known whether it is durable.</summary>
    internal void FailUnknown(WriteTransaction transaction, Exception failure)
    {
        Exception error;
        try
        {
            error = Unknown(transaction, failure);
        }
        catch (Exception e)
        {
            // What was intended cannot be named; that the outcome is unknown can.
            error = UnknownWithoutIntent(new AggregateException(failure, e));
        }

        Fail(error);
    }

    /// <summary>True for an error that concerns this item alone: the caller's own, as it is.</summary>
    internal abstract bool IsVerdict(Exception error);

    /// <summary>Answers the caller with an error.</summary>
    internal void Fail(Exception error) => Answer(error);

    /// <summary>The error when not even what was intended is known.</summary>
    internal static AppendOutcomeUnknownException UnknownWithoutIntent(Exception failure) => new([], GlobalPosition.Start, failure);

    /// <summary>Resets an item for reuse.</summary>
    protected void Renew()
    {
        _state = Waiting;
        QueuedAt = 0;
        Refusal = null;
        _registration = default;
    }

    /// <summary>Does the work.</summary>
    protected abstract void RunCore(WriteTransaction transaction);

    /// <summary>The caller's error after a commit of which it is not known whether it is durable.</summary>
    protected abstract Exception Unknown(WriteTransaction transaction, Exception failure);

    /// <summary>Answers the caller with the result.</summary>
    protected abstract void Succeed();

    /// <summary>Answers the caller with an error.</summary>
    protected abstract void SetError(Exception error);

    private void Answer(Exception? error)
    {
        try
        {
            if (error is null) Succeed();
            else SetError(error);
        }
        catch (Exception)
        {
            // The answer is set. The caller's own context or scheduler refused to run the continuation, and no caller is left to throw to.
        }
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Cancelled, Waiting) == Waiting) Fail(new OperationCanceledException(cancellationToken));
    }
}
