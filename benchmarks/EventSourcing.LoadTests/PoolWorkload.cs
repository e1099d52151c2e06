using System.Diagnostics;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>A thousand concurrent appends and reads on a thread pool of two threads: whether its other users still get their turn.</summary>
internal static class PoolWorkload
{
    private const int Callers = 1000, Threads = 2;
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(10);

    public static async Task RunAsync(Settings settings)
    {
        if (!ThreadPool.SetMinThreads(Threads, Threads) || !ThreadPool.SetMaxThreads(Threads, Threads))
            throw new InvalidOperationException($"The pool cannot be held to {Threads} threads: a machine with more processors than that does not allow it. Set DOTNET_PROCESSOR_COUNT={Threads}.");
        var table = new Table(
            $"{Callers} concurrent calls, half appends and half reads of 100 events, FULL, {Threads} pool threads, a timer every {s_period.TotalMilliseconds} ms",
            "round", "appends/s", "reads/s", "ticks", "median lag ms", "max lag ms", "max pool threads");
        for (var round = 1; round <= settings.Rounds; round++) await RunAsync(settings, table, round);
    }

    private static async Task RunAsync(Settings settings, Table table, int round)
    {
        using var file = new DatabaseFile(settings.Directory, "pool");
        await using var log = SqliteEventLog.Open(file.Path);
        var names = Sample.ShortNames(Callers).Select(name => new StreamId(name)).ToArray();
        await new LogCaller(log, 1, 100).AppendAsync("read", 0);
        var read = new StreamRead("read");
        var (appended, wasRead) = (0L, 0L);
        using var ticks = new TimerLag(s_period);
        var until = Stopwatch.GetTimestamp() + (long)(settings.Seconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var append = new LogCaller(log, 1, 1);
            for (var version = 0L; Stopwatch.GetTimestamp() < until; version++)
            {
                if (caller % 2 == 0)
                {
                    await append.AppendAsync(names[caller], version);
                    Interlocked.Increment(ref appended);
                }
                else
                {
                    await LogReading.ReadAsync(log, read);
                    Interlocked.Increment(ref wasRead);
                    await Task.Yield();
                }
            }
        })));
        var lags = ticks.Stop();
        table.Row(
            Table.Number(round), Table.Number(appended / settings.Seconds), Table.Number(wasRead / settings.Seconds), Table.Number(lags.Count),
            Table.Number(Percentiles.Median(lags), 1), Table.Number(lags.Max(), 1), Table.Number(ticks.MaxThreads));
    }

    /// <summary>A timer that notes how late each of its ticks comes.</summary>
    private sealed class TimerLag : IDisposable
    {
        private readonly List<double> _lags = [];
        private readonly TimeSpan _period;
        private readonly Timer _timer;
        private long _last = Stopwatch.GetTimestamp();

        public TimerLag(TimeSpan period)
        {
            _period = period;
            _timer = new(_ => Tick(), null, period, period);
        }

        public int MaxThreads { get; private set; }

        /// <summary>The lags in milliseconds; that of the tick still awaited is among them.</summary>
        public List<double> Stop()
        {
            _timer.Dispose();
            Tick();
            return _lags;
        }

        public void Dispose() => _timer.Dispose();

        private void Tick()
        {
            lock (_lags)
            {
                var now = Stopwatch.GetTimestamp();
                _lags.Add(Math.Max(0, (Stopwatch.GetElapsedTime(_last, now) - _period).TotalMilliseconds));
                _last = now;
                MaxThreads = Math.Max(MaxThreads, ThreadPool.ThreadCount);
            }
        }
    }
}
