using EventSourcing.Internal;

namespace EventSourcing.Subscriptions.Running;

/// <summary>A reset of all partitions of a subscription in one transaction: every runner waits on its loop for the result and continues from the new position or from the old one.</summary>
internal sealed class SharedReset(int runners)
{
    private readonly TaskCompletionSource _allWait = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _missing = runners;

    /// <summary>Completes when every runner waits.</summary>
    internal Task AllWait => _allWait.Task;

    /// <summary>Called on a runner's loop; completes when the reset is committed or has failed.</summary>
    internal Task ArriveAsync()
    {
        if (Interlocked.Decrement(ref _missing) == 0) _allWait.TrySetResult();
        return _decided.Task;
    }

    /// <summary>The reset is committed.</summary>
    internal void Succeed() => _decided.TrySetResult();

    /// <summary>The reset failed, and no checkpoint was moved.</summary>
    internal void Fail(Exception error)
    {
        _decided.TrySetException(error);
        _ = Tasks.IgnoreAsync(_decided.Task);
    }
}
