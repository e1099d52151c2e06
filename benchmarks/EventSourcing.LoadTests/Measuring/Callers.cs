using System.Diagnostics;

namespace EventSourcing.LoadTests.Measuring;

/// <summary>Runs n callers, each with one call in flight at any time, until the time is over.</summary>
internal static class Callers
{
    private const int CallsExpected = 1 << 12;

    /// <summary>n loops that await their calls: for calls that do not block.</summary>
    /// <typeparam name="T">What a call returns; taken as it is, lest a wrapper's own allocations be counted.</typeparam>
    /// <param name="callers">How many.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="call">The call of a caller, by its number.</param>
    /// <param name="operationsPerCall">Operations that one call counts for.</param>
    public static Task<Measurement> AwaitingAsync<T>(int callers, double seconds, Func<int, ValueTask<T>> call, int operationsPerCall = 1) =>
        MeasureAsync(callers, seconds, operationsPerCall, (caller, times, until) => Task.Run(async () =>
        {
            for (var now = Stopwatch.GetTimestamp(); now < until;)
            {
                await call(caller);
                var end = Stopwatch.GetTimestamp();
                times.Add(end - now);
                now = end;
            }
        }));

    /// <summary>n threads of their own: for calls that complete synchronously.</summary>
    /// <param name="callers">How many.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="call">The call of a caller, by its number.</param>
    public static Task<Measurement> BlockingAsync(int callers, double seconds, Action<int> call) =>
        MeasureAsync(callers, seconds, 1, (caller, times, until) => Task.Factory.StartNew(() =>
        {
            for (var now = Stopwatch.GetTimestamp(); now < until;)
            {
                call(caller);
                var end = Stopwatch.GetTimestamp();
                times.Add(end - now);
                now = end;
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    private static async Task<Measurement> MeasureAsync(int callers, double seconds, int operationsPerCall, Func<int, List<long>, long, Task> start)
    {
        // Grown before the clock starts, so that the lists' own growth is not counted as the callers'.
        var times = Enumerable.Range(0, callers).Select(_ => new List<long>(Math.Max(CallsExpected, 1 << 18 >> int.Log2(callers)))).ToArray();
        var meter = new Meter();
        var until = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(i => start(i, times[i], until)).ToArray());
        var measurement = meter.Stop(times.Sum(t => (long)t.Count) * operationsPerCall);
        return measurement with { Latency = Percentiles.Of([.. times.SelectMany(t => t)]) };
    }
}
