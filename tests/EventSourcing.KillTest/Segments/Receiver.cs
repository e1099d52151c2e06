using System.Diagnostics;

namespace EventSourcing.KillTest.Segments;

/// <summary>The system outside: it remembers the highest epoch of each segment and refuses effects of a lower one. It also notes who has which segment since when.</summary>
internal sealed class Receiver
{
    private const int Segments = 16;

    private readonly Lock _lock = new();
    private readonly long[] _epochs = new long[Segments];
    private readonly long[] _lastOfEpoch = new long[Segments];
    private readonly WorkerProcess?[] _owners = new WorkerProcess?[Segments];
    private readonly (long Since, WorkerProcess Victim)?[] _orphans = new (long, WorkerProcess)?[Segments];
    private readonly HashSet<long> _done = [];
    private readonly Dictionary<string, long> _highest = [];
    private readonly List<(long From, long To)> _takeOvers = [];

    internal int Refused { get; private set; }

    internal int RefusedCheckpoints { get; private set; }

    internal int Repeated { get; private set; }

    internal int Unordered { get; private set; }

    /// <summary>From the loss of an owner to the moment when another had its segment.</summary>
    internal IReadOnlyList<(long From, long To)> TakeOvers
    {
        get
        {
            lock (_lock) return [.. _takeOvers];
        }
    }

    internal bool Accepts(int segment, long epoch, long position, string key)
    {
        lock (_lock)
        {
            if (epoch < _epochs[segment])
            {
                Refused++;
                return false;
            }

            if (epoch > _epochs[segment]) (_epochs[segment], _lastOfEpoch[segment]) = (epoch, 0);
            if (position <= _lastOfEpoch[segment]) Unordered++;
            _lastOfEpoch[segment] = position;
            if (!_done.Add(position))
            {
                Repeated++;
                return true;
            }

            if (position < _highest.GetValueOrDefault(key)) Unordered++;
            _highest[key] = position;
            return true;
        }
    }

    internal int CountMissing(long head)
    {
        lock (_lock)
        {
            var missing = 0;
            for (var position = 1L; position <= head; position++)
                if (!_done.Contains(position)) missing++;
            return missing;
        }
    }

    internal void CheckpointRefused()
    {
        lock (_lock) RefusedCheckpoints++;
    }

    internal void Took(WorkerProcess worker, int segment)
    {
        lock (_lock)
        {
            _owners[segment] = worker;
            if (_orphans[segment] is not { } orphan || orphan.Victim == worker) return;
            _takeOvers.Add((orphan.Since, Stopwatch.GetTimestamp()));
            _orphans[segment] = null;
        }
    }

    internal void Left(WorkerProcess worker, int segment)
    {
        lock (_lock)
            if (_owners[segment] == worker) _owners[segment] = null;
    }

    /// <summary>From now on a worker does nothing.</summary>
    internal void Lost(WorkerProcess worker)
    {
        var now = Stopwatch.GetTimestamp();
        lock (_lock)
            for (var segment = 0; segment < Segments; segment++)
                if (_owners[segment] == worker) _orphans[segment] ??= (now, worker);
    }

    /// <summary>It goes on: what nobody took from it meanwhile tells nothing about a take-over.</summary>
    internal void Back(WorkerProcess worker)
    {
        lock (_lock)
            for (var segment = 0; segment < Segments; segment++)
                if (_orphans[segment]?.Victim == worker) _orphans[segment] = null;
    }
}
