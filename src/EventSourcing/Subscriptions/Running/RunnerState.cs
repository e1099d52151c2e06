using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;

namespace EventSourcing.Subscriptions.Running;

/// <summary>The state of a runner and the reason for it. Changed by the runner's loop only, except for <see cref="IsStopping"/>; state, cause and stop may be read by any thread.</summary>
internal sealed class RunnerState(SubscriptionSetup setup, PartitionId key, PositionWaiters waiters, RunnerStatistics statistics, Loop loop)
{
    private volatile int _current = (int)SubscriptionState.Standby;
    private volatile Exception? _cause;
    private volatile bool _isStopping;

    internal SubscriptionState Current => (SubscriptionState)_current;

    /// <summary>The failure for which the runner is faulted or paused; null where it is paused by request.</summary>
    internal Exception? Cause => _cause;

    /// <summary>True when the loop must not deliver until it is resumed.</summary>
    internal bool IsPaused { get; private set; }

    /// <summary>True when the loop must end.</summary>
    internal bool IsStopping => _isStopping;

    /// <summary>The lease that is held; null in standby and when faulted.</summary>
    internal LeaseScope? Scope { get; set; }

    /// <summary>How many times in a row the log failed before the runner caught up.</summary>
    internal int FailedTries { get; set; }

    internal void Stop() => _isStopping = true;

    internal void Pause() => IsPaused = true;

    internal void Pause(Exception cause) => (IsPaused, _cause) = (true, cause);

    internal void Resume() => (IsPaused, _cause) = (false, null);

    /// <summary>Changes the state: the only place that does.</summary>
    internal void Enter(SubscriptionState next)
    {
        var current = Current;
        if (current == next) return;
        if (current == SubscriptionState.Stopped || (next is SubscriptionState.Live or SubscriptionState.Paused && Scope is null))
            throw new InvalidOperationException($"A runner does not go from {current} to {next}.");
        _current = (int)next;
        var isFailure = next == SubscriptionState.Faulted || (next == SubscriptionState.Paused && _cause is not null);
        if (isFailure || next == SubscriptionState.Paused) waiters.Stall(Stalled(next, isFailure ? _cause : null));
        else waiters.Flow();
        var outer = LoopWaits.EnterDelegate(loop);
        try
        {
            // The cause of a pause or a fault matters more than an exception of a callback.
            if (setup.StateChanged(key.Key, next, isFailure ? _cause : null) is { } thrown && !isFailure) statistics.LastError = thrown;
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }

    /// <summary>The error of a call that the runner cannot do now.</summary>
    internal InvalidOperationException NotActive() =>
        new($"Subscription '{key.Key}' is not active in this process: it is {Current}.");

    /// <summary>The error of a wait for a position that is not reached before the subscription is resumed.</summary>
    internal SubscriptionException Stalled(SubscriptionState state, Exception? cause)
    {
        var position = GlobalPosition.FromInt64(waiters.Position);
        return new(key.Name, position, $"Subscription '{key.Key}' is {state}, and nothing after position {position} is handled until it is resumed{(cause is null ? "." : $": {ExceptionText.MessageOf(cause)}")}", cause);
    }
}
