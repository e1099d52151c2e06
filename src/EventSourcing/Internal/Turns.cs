using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>Orders concurrent callers, first come, first served, for each key of a log. It reduces conflicts and is no lock: the log detects conflicts. Thread-safe.</summary>
internal sealed class Turns
{
    // A turn that takes longer is not waited for: it may never end.
    private static readonly TimeSpan s_maxWait = TimeSpan.FromSeconds(2);

    private readonly Dictionary<(IEventLog, string), Turn> _last = [];
    private volatile int _keys;

    /// <summary>True while a caller has a turn.</summary>
    internal bool Any => _keys > 0;

    internal bool IsTaken(IEventLog log, string key)
    {
        lock (_last) return _last.ContainsKey((log, key));
    }

    /// <summary>Waits until the earlier callers have finished. The caller must call <see cref="GiveBack"/> afterwards.</summary>
    internal async ValueTask<Turn> TakeAsync(IEventLog log, string key, TimeProvider time, CancellationToken cancellationToken)
    {
        var turn = new Turn(log, key);
        Turn? before;
        lock (_last)
        {
            _last.TryGetValue((log, key), out before);
            _last[(log, key)] = turn;
            _keys = _last.Count;
        }

        try
        {
            if (before is not null) await WaitAsync(before, time, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            GiveBack(turn);
            throw;
        }

        turn.Begun.SetResult();
        return turn;
    }

    /// <summary>Ends a turn, so that the next one begins.</summary>
    internal void GiveBack(Turn turn)
    {
        lock (_last)
        {
            if (_last.TryGetValue((turn.Log, turn.Key), out var last) && last == turn) _last.Remove((turn.Log, turn.Key));
            _keys = _last.Count;
        }

        turn.Begun.TrySetResult();
        turn.Ended.SetResult();
    }

    private static async ValueTask WaitAsync(Turn before, TimeProvider time, CancellationToken cancellationToken)
    {
        await before.Begun.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await before.Ended.Task.WaitAsync(s_maxWait, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return;
        }
    }

    /// <summary>A place in the queue of one key.</summary>
    internal sealed class Turn(IEventLog log, string key)
    {
        internal IEventLog Log => log;

        internal string Key => key;

        internal TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
