using EventSourcing.Internal;

namespace EventSourcing.Subscriptions.Running;

/// <summary>A reset of all segments of a subscription in one transaction: the runners meet, wait on their loops for what becomes of it, and go on from the new place or from the old.</summary>
internal sealed class SharedReset(int runners)
{
    private readonly TaskCompletionSource _allThere = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _missing = runners;

    /// <summary>Completes when every runner waits.</summary>
    internal Task AllThere => _allThere.Task;

    /// <summary>On a runner's loop: completes when all have been moved.</summary>
    internal Task ArriveAsync()
    {
        if (Interlocked.Decrement(ref _missing) == 0) _allThere.TrySetResult();
        return _decided.Task;
    }

    /// <summary>All were moved.</summary>
    internal void Succeed() => _decided.TrySetResult();

    /// <summary>None was moved.</summary>
    internal void Fail(Exception error)
    {
        _decided.TrySetException(error);
        _ = Tasks.IgnoreAsync(_decided.Task);
    }
}
