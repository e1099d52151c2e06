using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Limits;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>
/// What it costs to read a stream whose events are spread over a log of any size. Each lies on a page of its own, which SQLite has to find and the
/// system to hand over: floor and limit read the same rows in files of the same size.
/// </summary>
internal static class SpreadStreams
{
    private const int Reads = 1000;

    private static readonly bool[] s_modes = [false, true];

    public static async Task RunAsync(Settings settings, int[] sizes, DatabaseFile[] files)
    {
        using var limit = CLimit.Compile(settings.Directory);
        var floors = sizes.Select(size => new DatabaseFile(settings.Directory, $"growth-floor-{size}")).ToArray();
        try
        {
            for (var i = 0; i < sizes.Length; i++) Filled.Floor(floors[i], sizes[i], sizes[i] / GrownLog.PerStream);
            foreach (var mapped in s_modes)
            {
                foreach (var file in files.Concat(floors)) file.Warm();
                await RunAsync(settings, limit, sizes, files, floors, mapped);
            }
        }
        finally
        {
            foreach (var floor in floors) floor.Dispose();
        }
    }

    private static async Task RunAsync(Settings settings, CLimit limit, int[] sizes, DatabaseFile[] files, DatabaseFile[] floors, bool mapped)
    {
        var race = new Race($"Growth: a stream of {GrownLog.PerStream} events that are spread over the whole log, {(mapped ? "memory-mapped" : "not memory-mapped")}", settings.Rounds, "event");
        var pragmas = Pragmas.Reading(mapped);
        var logs = files.Select(file => SqliteEventLog.Open(file.Path, new() { MemoryMappedReads = mapped })).ToList();
        var naive = floors.Select(file => new AdoFloor(file.Path, pragmas)).ToList();
        try
        {
            for (var i = 0; i < sizes.Length; i++)
            {
                var (log, floor, path, streams) = (logs[i], naive[i], floors[i].Path, sizes[i] / GrownLog.PerStream);
                race.Add($"ours, {sizes[i]:N0} events", () => Measurement.OfAsync(Reads * GrownLog.PerStream, () => ReadAsync(log, streams)))
                    .Add($"ADO prepared, {sizes[i]:N0} events", () => Measurement.Of(Reads * GrownLog.PerStream, () => Read(floor, streams)))
                    .AddLimit(limit, $"C limit, {sizes[i]:N0} events", () => limit.ReadStreams(path, pragmas, streams, Reads));
            }

            await race.RunAsync();
        }
        finally
        {
            foreach (var log in logs) await log.DisposeAsync();
            foreach (var floor in naive) floor.Dispose();
        }
    }

    private static async Task ReadAsync(SqliteEventLog log, int streams)
    {
        var random = new Random(5);
        for (var i = 0; i < Reads; i++) await LogReading.ReadAsync(log, new StreamRead(GrownLog.Stream(random.Next(streams))));
    }

    private static void Read(AdoFloor floor, int streams)
    {
        var random = new Random(5);
        for (var i = 0; i < Reads; i++) floor.ReadStream(GrownLog.Stream(random.Next(streams)).Value);
    }
}
