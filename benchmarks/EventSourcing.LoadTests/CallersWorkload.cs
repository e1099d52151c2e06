using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests;

/// <summary>Sustained appends by many callers while one follower reads along: rates, how long calls take, how the file grows, how far the follower is behind.</summary>
internal static class CallersWorkload
{
    private sealed record Result(Measurement Appends, Percentiles Lag, double FileBytesPerEvent);

    public static async Task RunAsync(Settings settings)
    {
        int[] sizes = [1, 10, 100, 500], counts = [1, 8, 64, 256];
        var results = new Dictionary<(int Callers, int Size), List<Result>>();
        for (var round = 0; round < settings.Rounds; round++)
            foreach (var callers in counts)
                foreach (var size in sizes)
                {
                    if (!results.TryGetValue((callers, size), out var list)) results[(callers, size)] = list = [];
                    list.Add(await RunAsync(settings, callers, size));
                }

        var table = new Table(
            "Callers and events per append, FULL, one follower", "callers × events", "events/s", "min..max", "appends/s", "p50 µs", "p99 µs", "max µs",
            "allocated B/event", "written B/event", "file B/event", "lag p50 µs", "lag p99 µs", "lag max µs");
        foreach (var ((callers, size), list) in results)
        {
            double Median(Func<Result, double> figure) => Percentiles.Median(list.Select(figure));
            var rate = Median(r => r.Appends.Rate);
            table.Row(
                $"{callers} × {size}", Table.Number(rate), $"{Table.Number(list.Min(r => r.Appends.Rate))}..{Table.Number(list.Max(r => r.Appends.Rate))}", Table.Number(rate / size),
                Table.Short(Median(r => r.Appends.Latency!.P50)), Table.Short(Median(r => r.Appends.Latency!.P99)), Table.Short(Median(r => r.Appends.Latency!.Max)),
                Table.Number(Median(r => r.Appends.Allocated!.Value)), Table.Number(Median(r => r.Appends.Written!.Value)), Table.Number(Median(r => r.FileBytesPerEvent)),
                Table.Short(Median(r => r.Lag.P50)), Table.Short(Median(r => r.Lag.P99)), Table.Short(Median(r => r.Lag.Max)));
        }
    }

    private static async Task<Result> RunAsync(Settings settings, int callers, int size)
    {
        using var file = new DatabaseFile(settings.Directory, "callers");
        await using var log = SqliteEventLog.Open(file.Path);
        using var follower = new Follower(log);
        var names = Sample.ShortNames(callers).Select(name => new StreamId(name)).ToArray();
        var versions = new long[callers];
        var appends = names.Select(_ => new LogCaller(log, 1, size)).ToArray();
        var last = new GlobalPosition[callers];
        var before = file.Size;
        var measurement = await Callers.AwaitingAsync(callers, settings.Seconds, async caller =>
        {
            var result = await appends[caller].AppendAsync(names[caller], versions[caller]);
            versions[caller] += size;
            last[caller] = result.LastPosition;
            follower.Answered(result.LastPosition);
            return result;
        }, size);
        var grown = file.Size - before;
        return new(measurement, await follower.StopAsync(last.Max()), (double)grown / versions.Sum());
    }
}
