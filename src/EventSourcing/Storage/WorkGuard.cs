namespace EventSourcing.Storage;

/// <summary>Runs the work of a log's transactions, one at a time, in the caller's execution context, and detects calls from inside the work. For backends; one for each log. Thread-safe.</summary>
/// <remarks>
/// A call from inside the work that waits for the writer would wait for itself. It is recognized by its thread, and by its flow where the work has begun a task or
/// awaited something that continues on another thread. A task that outlives the work may call the log again after the work has returned.
/// </remarks>
public sealed class WorkGuard
{
    private static readonly AsyncLocal<Running?> s_current = new();

    private volatile Running? _running;

    // Refers to no log, because a task that outlives the work keeps this object alive.
    private sealed class Running(Running? outer)
    {
        internal int ThreadId { get; } = Environment.CurrentManagedThreadId;

        internal Running? Outer { get; } = outer;

        internal bool HasEnded { get; set; }
    }

    /// <summary>True for a call from inside the work of any log's transaction that runs now. A call that waits for a loop there may wait for itself, because loops write as well.</summary>
    internal static bool IsInsideAny
    {
        get
        {
            for (var inside = s_current.Value; inside is not null; inside = inside.Outer)
                if (!inside.HasEnded) return true;
            return false;
        }
    }

    /// <summary>True for a call from inside the running work of this log, also if work of other logs' transactions is nested in between.</summary>
    public bool IsInside
    {
        get
        {
            if (_running is not { } running) return false;
            if (running.ThreadId == Environment.CurrentManagedThreadId) return true;
            for (var inside = s_current.Value; inside is not null; inside = inside.Outer)
                if (inside == running) return true;
            return false;
        }
    }

    /// <summary>Refuses a call that would wait for the writer from inside the work.</summary>
    /// <exception cref="InvalidOperationException">The call comes from inside the work of the log's own transaction. Nothing was done.</exception>
    public void ThrowIfInside()
    {
        if (IsInside)
            throw new InvalidOperationException(
                "The log was called from inside the work of its own transaction: the call would wait for itself. Append with the transaction that is passed to the work (tx.Append); make all other calls before or after the work.");
    }

    /// <summary>Runs work.</summary>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="caller">The caller's execution context, captured at the call: the work sees the caller's <see cref="EventContext"/>, activity and culture, and its own changes of them end with it. Null runs it in the context of this thread.</param>
    /// <param name="work">The work. This method throws its exception.</param>
    public T Run<T>(ExecutionContext? caller, Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        // Null where the thread suppresses the flow; then the only flow to restore is the one that is set here.
        var own = ExecutionContext.Capture();
        if (caller is not null) ExecutionContext.Restore(caller);
        var outer = s_current.Value;
        var running = new Running(outer);
        s_current.Value = _running = running;
        try
        {
            return work();
        }
        finally
        {
            _running = null;
            running.HasEnded = true;
            s_current.Value = outer;
            if (own is not null) ExecutionContext.Restore(own);
        }
    }
}
