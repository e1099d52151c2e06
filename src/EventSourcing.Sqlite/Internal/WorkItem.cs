namespace EventSourcing.Sqlite.Internal;

/// <summary>One entry of the writer's queue.</summary>
internal abstract class WorkItem
{
    private const int Waiting = 0, Taken = 1, Cancelled = 2;

    private int _state;
    private CancellationTokenRegistration _registration;

    /// <summary>About how many events it writes, for the size of a group.</summary>
    internal abstract int Weight { get; }

    /// <summary>True for an item that has a transaction to itself, so that what it does to the transaction concerns nobody else.</summary>
    internal virtual bool RunsAlone => false;

    /// <summary>The item's verdict when it is an error found before anything of it was written; else null.</summary>
    internal Exception? Refusal { get; private set; }

    /// <summary>Lets the caller give up while the item waits.</summary>
    internal void CancelWith(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(static (item, token) => ((WorkItem)item!).Cancel(token), this);
    }

    /// <summary>Takes the item out of its caller's hands; false when the caller gave up before.</summary>
    internal bool TryTake()
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Waiting) != Waiting) return false;
        _registration.Dispose();
        return true;
    }

    /// <summary>Runs inside the transaction; what is thrown for this item alone becomes its verdict.</summary>
    internal void Run(WriteSession session)
    {
        Refusal = null;
        try
        {
            RunCore(session);
        }
        catch (Exception e) when (IsVerdict(e) && !session.IsHalfWritten && !session.IsLost)
        {
            Refusal = e;
        }
    }

    /// <summary>Answers the caller after the commit.</summary>
    internal void Complete()
    {
        if (Refusal is { } refusal) Fail(refusal);
        else Succeed();
    }

    /// <summary>Answers the caller after a commit of which nobody knows whether it is durable.</summary>
    internal abstract void FailUnknown(WriteSession session, Exception failure);

    /// <summary>True for an error that concerns this item alone: the caller's own, as it is.</summary>
    internal abstract bool IsVerdict(Exception error);

    /// <summary>Answers the caller with an error.</summary>
    internal abstract void Fail(Exception error);

    /// <summary>Makes an item that is used again look new.</summary>
    protected void Renew()
    {
        _state = Waiting;
        Refusal = null;
        _registration = default;
    }

    /// <summary>Does the work.</summary>
    protected abstract void RunCore(WriteSession session);

    /// <summary>Answers the caller with the result.</summary>
    protected abstract void Succeed();

    private void Cancel(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Cancelled, Waiting) == Waiting) Fail(new OperationCanceledException(cancellationToken));
    }
}
