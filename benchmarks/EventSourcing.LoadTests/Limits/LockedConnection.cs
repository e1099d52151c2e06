using EventSourcing.Benchmarks;

namespace EventSourcing.LoadTests.Limits;

/// <summary>What many write: one connection, one prepared statement, a lock around them.</summary>
internal sealed class LockedConnection(string path, string pragmas) : IDisposable
{
    private readonly AdoFloor _floor = new(path, pragmas, create: true);
    private readonly Lock _lock = new();
    private readonly TurnLock _turns = new();

    /// <summary>Under a lock that lets a running thread overtake those that sleep: the better rate, the worse tail.</summary>
    public void AppendLocked(string stream, long version)
    {
        lock (_lock) _floor.Append(stream, version, 1);
    }

    /// <summary>First come, first served: the better tail.</summary>
    public void AppendInTurn(string stream, long version)
    {
        _turns.Enter();
        try
        {
            _floor.Append(stream, version, 1);
        }
        finally
        {
            _turns.Leave();
        }
    }

    public void Dispose() => _floor.Dispose();
}

/// <summary>A lock that is handed to the thread that has waited longest.</summary>
internal sealed class TurnLock
{
    private readonly Queue<ManualResetEventSlim> _waiting = new();
    private readonly Lock _gate = new();
    private bool _taken;

    [ThreadStatic]
    private static ManualResetEventSlim? s_turn;

    public void Enter()
    {
        // Without spinning: with more threads than processors it only takes time from the one that works.
        var turn = s_turn ??= new(false, 0);
        lock (_gate)
        {
            if (!_taken)
            {
                _taken = true;
                return;
            }

            turn.Reset();
            _waiting.Enqueue(turn);
        }

        turn.Wait();
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out var next)) next.Set();
            else _taken = false;
        }
    }
}
