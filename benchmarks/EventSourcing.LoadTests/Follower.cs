using System.Diagnostics;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>Reads a log as it grows, woken by <see cref="IEventLog.WaitAsync"/>, and tells how far it was behind the answers to those who appended.</summary>
internal sealed class Follower : IDisposable
{
    // Beyond this position nothing is noted.
    private const int Noted = 8_000_000;

    private readonly IEventLog _log;
    private readonly long[] _answered = new long[Noted];
    private readonly long[] _seen = new long[Noted];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long _head;

    public Follower(IEventLog log)
    {
        _log = log;
        _loop = Task.Run(FollowAsync);
    }

    /// <summary>Notes that the append whose last event has this position was answered now.</summary>
    public void Answered(GlobalPosition position)
    {
        if (position.ToInt64() < Noted) _answered[position.ToInt64()] = Stopwatch.GetTimestamp();
    }

    /// <summary>Lets the follower catch up, and returns the lag: from the answer to the sight of the event, 0 where the follower was first.</summary>
    public async Task<Percentiles> StopAsync(GlobalPosition head)
    {
        while (Volatile.Read(ref _head) < head.ToInt64()) await Task.Delay(1);
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Percentiles.Of([.. Enumerable.Range(0, Noted).Where(i => _answered[i] != 0).Select(i => Math.Max(0, _seen[i] - _answered[i]))]);
    }

    public void Dispose() => _stop.Dispose();

    private async Task FollowAsync()
    {
        for (var next = new AllRead { ReuseBuffers = true }; ;)
        {
            await _log.WaitAsync(next.AfterPosition, _stop.Token);
            using var page = await _log.ReadAsync(next, _stop.Token);
            var now = Stopwatch.GetTimestamp();
            var last = 0L;
            foreach (ref readonly var e in page.Events)
            {
                last = e.Position.ToInt64();
                if (last < Noted) _seen[last] = now;
            }

            if (last == 0) continue;
            Volatile.Write(ref _head, last);
            next = next with { AfterPosition = GlobalPosition.FromInt64(last) };
        }
    }
}
