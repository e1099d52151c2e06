using System.Diagnostics;
using System.Text;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.KillTest.Segments;

/// <summary>What a run saw.</summary>
/// <param name="Kills">Processes killed.</param>
/// <param name="Stops">Processes frozen for a while.</param>
/// <param name="StopsWithLock">Those of them that were frozen with the file's write lock, which nobody else gets meanwhile.</param>
/// <param name="Events">Events appended.</param>
/// <param name="Missed">Events without an accepted effect.</param>
/// <param name="Repeated">Accepted effects beyond the first of an event.</param>
/// <param name="Unordered">Accepted effects out of order, per key or within an epoch.</param>
/// <param name="RefusedEffects">Effects that came too late and were refused by their epoch.</param>
/// <param name="RefusedCheckpoints">Checkpoints that came too late and were refused by their epoch.</param>
/// <param name="TakeOvers">Segments taken over from a killed or frozen process, without those during a stop with the write lock.</param>
/// <param name="TakeOverMedian">How long they had no owner at work.</param>
/// <param name="TakeOverMax">The longest of them.</param>
public sealed record SegmentsReport(
    int Kills, int Stops, int StopsWithLock, int Events, int Missed, int Repeated, int Unordered, int RefusedEffects, int RefusedCheckpoints, int TakeOvers, TimeSpan TakeOverMedian, TimeSpan TakeOverMax);

/// <summary>Four processes share a group of 16 segments and are killed or frozen at random, while events are appended; each event must be handled, in order per key.</summary>
public sealed class SegmentsRun : IDisposable
{
    private const int Workers = 4, Tormentors = 2, Keys = 100, PerAppend = 2;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(5);

    private readonly string _folder;
    private readonly int _seed;
    private readonly Receiver _receiver = new();
    private readonly Lock _lock = new();
    private readonly List<WorkerProcess> _running = [];
    private readonly List<(long From, long To)> _locked = [];
    private readonly CancellationTokenSource _stop = new();
    private volatile int _events;
    private int _kills, _stops;

    private SegmentsRun(string folder, int seed) => (_folder, _seed) = (folder, seed);

    /// <summary>Torments the processes for a time.</summary>
    public static async Task<SegmentsReport> RunAsync(string folder, TimeSpan duration, int seed)
    {
        using var run = new SegmentsRun(folder, seed);
        return await run.RunAsync(duration);
    }

    /// <summary>A process of the group.</summary>
    public static Task WorkAsync(string folder) => Worker.RunAsync(folder);

    public void Dispose()
    {
        foreach (var worker in _running) worker.Dispose();
        _stop.Dispose();
    }

    private async Task<SegmentsReport> RunAsync(TimeSpan duration)
    {
        await using var log = Worker.OpenLog(_folder);
        for (var i = 0; i < Workers; i++) _running.Add(new(_folder, _receiver));
        var appending = AppendAsync(log);
        var until = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, Tormentors).Select(i => TormentAsync(new(_seed + i), until)));
        await _stop.CancelAsync();
        await appending;
        using var giveUp = new CancellationTokenSource(s_patience);
        while (_receiver.CountMissing(_events) > 0 && !giveUp.IsCancellationRequested) await Task.Delay(50);
        await Task.WhenAll(_running.Select(w => w.EndAsync()));
        return Report();
    }

    private async Task AppendAsync(SqliteEventLog log)
    {
        var random = new Random(_seed);
        while (!_stop.IsCancellationRequested)
        {
            var e = new LogEvent { Type = "t", Data = Encoding.ASCII.GetBytes("{}"), IsJson = true };
            StreamWrite[] writes = [.. Enumerable.Range(0, PerAppend).Select(_ => new StreamWrite($"key-{random.Next(Keys)}", ExpectedVersion.Any, new[] { e }))];
            await log.AppendAsync(new() { Writes = writes }, CancellationToken.None);
            _events += PerAppend;
            await Task.Delay(s_pace);
        }
    }

    private async Task TormentAsync(Random random, long until)
    {
        while (Stopwatch.GetTimestamp() < until)
        {
            await Task.Delay(random.Next(50, 1500));
            var victim = Take(random);
            if (random.Next(2) == 0) await KillAsync(victim, random);
            else await FreezeAsync(victim, random);
        }
    }

    private WorkerProcess Take(Random random)
    {
        lock (_lock)
        {
            var victim = _running[random.Next(_running.Count)];
            _running.Remove(victim);
            return victim;
        }
    }

    private async Task KillAsync(WorkerProcess victim, Random random)
    {
        Interlocked.Increment(ref _kills);
        _receiver.Lost(victim);
        await victim.KillAsync();
        victim.Dispose();
        await Task.Delay(random.Next(1000));
        var next = new WorkerProcess(_folder, _receiver);
        lock (_lock) _running.Add(next);
    }

    private async Task FreezeAsync(WorkerProcess victim, Random random)
    {
        Interlocked.Increment(ref _stops);
        var began = Stopwatch.GetTimestamp();
        _receiver.Lost(victim);
        victim.Freeze();
        // The append that is under way may have the lock already; one after it needs it anew.
        var events = _events + PerAppend;
        await Task.Delay(TimeSpan.FromSeconds(0.3 + (random.NextDouble() * 3)));
        var isLocked = _events <= events;
        _receiver.Back(victim);
        victim.Thaw();
        lock (_lock)
        {
            if (isLocked) _locked.Add((began, Stopwatch.GetTimestamp()));
            _running.Add(victim);
        }
    }

    private SegmentsReport Report()
    {
        TimeSpan[] takeOvers = [.. _receiver.TakeOvers.Where(t => !_locked.Exists(l => l.From < t.To && t.From < l.To)).Select(t => Stopwatch.GetElapsedTime(t.From, t.To)).Order()];
        return new(
            _kills, _stops, _locked.Count, _events, _receiver.CountMissing(_events), _receiver.Repeated, _receiver.Unordered, _receiver.Refused, _receiver.RefusedCheckpoints,
            takeOvers.Length, takeOvers.Length == 0 ? default : takeOvers[takeOvers.Length / 2], takeOvers.Length == 0 ? default : takeOvers[^1]);
    }
}
