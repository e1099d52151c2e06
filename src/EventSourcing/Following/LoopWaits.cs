using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>Records which handler calls wait for which loops, to prevent a call from waiting for itself, directly or through other waits.</summary>
/// <remarks>
/// A handler is known by its flow of control, which ends with its call: work that it started and that outlives it is not part of the call. A synchronous
/// delegate (a filter, a key, a state change) is known by its thread: it can wait only there. The process has one list, because subscribers and buses wait for each other.
/// </remarks>
internal sealed class LoopWaits : IDisposable
{
    private static readonly Lock s_lock = new();
    private static readonly List<LoopWaits> s_waits = [];
    private static readonly LoopWaits s_none = new(null, []);

    [ThreadStatic]
    private static Loop? s_delegateOf;

    private readonly object? _caller;
    private readonly IReadOnlyCollection<Loop> _targets;

    private LoopWaits(object? caller, IReadOnlyCollection<Loop> targets) => (_caller, _targets) = (caller, targets);

    /// <summary>A synchronous delegate is about to be called on this thread. Returns the argument for <see cref="LeaveDelegate"/>.</summary>
    internal static Loop? EnterDelegate(Loop loop)
    {
        var outer = s_delegateOf;
        s_delegateOf = loop;
        return outer;
    }

    internal static void LeaveDelegate(Loop? outer) => s_delegateOf = outer;

    /// <summary>Begins a wait for loops; null when the call would wait for itself. Also null inside the work of a transaction: loops wait for the log's writer, which waits for the work.</summary>
    internal static LoopWaits? TryBegin(IReadOnlyCollection<Loop> targets)
    {
        if (WorkGuard.IsInsideAny) return null;
        var caller = s_delegateOf ?? EventContext.Call;
        if (caller is null) return s_none;
        lock (s_lock)
        {
            if (Reaches(targets, caller)) return null;
            var wait = new LoopWaits(caller, targets);
            s_waits.Add(wait);
            return wait;
        }
    }

    /// <summary>Begins to wait for the loops of a subscription.</summary>
    /// <param name="targets">The loops.</param>
    /// <param name="name">The subscription.</param>
    /// <param name="method">The method that waits, for the message.</param>
    /// <exception cref="InvalidOperationException">The call would wait for itself.</exception>
    internal static LoopWaits Begin(IReadOnlyCollection<Loop> targets, string name, string method) => TryBegin(targets) ?? throw new InvalidOperationException(
        WorkGuard.IsInsideAny
            ? $"{method} of subscription '{name}' was called from inside the work of a transaction, for which the subscription may have to wait. Nothing was done. Call it before or after the work."
            : $"{method} of subscription '{name}' was called by code that the subscription waits for, such as a handler: the call would wait for itself. Nothing was done. "
        + "Call it after that code has returned, or call DisposeAsync, which is allowed here and stops the subscription after this event.");

    public void Dispose()
    {
        if (_caller is null) return;
        lock (s_lock) s_waits.Remove(this);
    }

    private static bool Reaches(IReadOnlyCollection<Loop> targets, object caller)
    {
        var (reached, left) = (new HashSet<Loop>(targets), new Queue<Loop>(targets));
        while (left.TryDequeue(out var loop))
        {
            var call = loop.Call;
            if (loop == caller || call == caller) return true;
            foreach (var wait in s_waits)
                if (wait._caller == loop || wait._caller == call)
                    foreach (var next in wait._targets)
                        if (reached.Add(next)) left.Enqueue(next);
        }

        return false;
    }
}
