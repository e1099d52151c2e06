using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing.LoadTests;

/// <summary>What a call costs in small and in large logs. Each file has the same streams of 100 events and the same two kinds of tags, evenly spread.</summary>
internal static class GrowthWorkload
{
    private const int Calls = 2000, Page = 1024, FilePage = 4096;

    private sealed record Log(string Name, int Events, SqliteEventLog Open, SafeFileHandle File);

    public static async Task RunAsync(Settings settings)
    {
        int[] sizes = settings.Large ? [10_000, 1_000_000, 10_000_000] : [10_000, 1_000_000];
        var files = sizes.Select(size => new DatabaseFile(settings.Directory, $"growth-{size}")).ToArray();
        try
        {
            for (var i = 0; i < sizes.Length; i++)
            {
                await using (var filling = Open(files[i])) await GrownLog.FillAsync(filling, sizes[i]);
                Console.WriteLine($"- {sizes[i]:N0} events: {files[i].Size / (1 << 20):N0} MiB");
            }

            await MeasureAsync(settings, sizes, files);
            await SpreadStreams.RunAsync(settings, sizes, files);
        }
        finally
        {
            foreach (var file in files) file.Dispose();
        }
    }

    private static async Task MeasureAsync(Settings settings, int[] sizes, DatabaseFile[] files)
    {
        var logs = sizes.Zip(files, (size, file) => new Log($"{size:N0} events", size, Open(file), File.OpenHandle(file.Path, share: FileShare.ReadWrite))).ToList();
        try
        {
            await MeasureAsync(settings, logs);
        }
        finally
        {
            foreach (var log in logs) await log.Open.DisposeAsync();
            // Not before: closing the file would end the locks of SQLite's own handles.
            foreach (var log in logs) log.File.Dispose();
        }
    }

    private static SqliteEventLog Open(DatabaseFile file) => SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });

    private static async Task MeasureAsync(Settings settings, List<Log> logs)
    {
        await RaceAsync(settings, logs, "append of one event, NORMAL", (log, i) => AppendAsync(log, i, null));
        await RaceAsync(settings, logs, "load of a stream of 100 events that were appended together",
            (log, i) => LogReading.ReadAsync(log.Open, new StreamRead(GrownLog.Compact(i % GrownLog.CompactIn(log.Events)))));
        await RaceAsync(settings, logs, "100 pages of the file, read without SQLite", ReadFileAsync);
        foreach (var (tag, events) in new[] { (GrownLog.Rare, GrownLog.RareEvents), (GrownLog.Frequent, GrownLog.FrequentEvents) })
        {
            // After the head: what a decision just made costs. From the start, of a type that none of them has: every event of the tag is looked at.
            await RaceAsync(settings, logs, $"append with a condition on a tag of {events:N0} events, after the head",
                async (log, i) => await AppendAsync(log, i, new(LogQuery.All.Tagged("all", tag), await HeadAsync(log))));
            await RaceAsync(settings, logs, $"append with a condition that looks at all {events:N0} events of a tag",
                (log, i) => AppendAsync(log, i, new(LogQuery.OfTypes(GrownLog.OtherType).Tagged("all", tag))), events > 1000 ? Calls / 100 : Calls);
        }

        await RaceAsync(settings, logs, $"a page of {Page:N0} events of the whole log", ReadPageAsync, Calls / 10);
    }

    private static Task RaceAsync(Settings settings, List<Log> logs, string what, Func<Log, int, ValueTask<long>> call, int calls = Calls)
    {
        // What was written or read before may have left the system's memory again, and the disk is not what is measured.
        foreach (var log in logs) Warm(log.File);
        var race = new Race($"Growth: {what}", settings.Rounds, "call");
        var next = new int[logs.Count];
        for (var l = 0; l < logs.Count; l++)
        {
            var (log, number) = (logs[l], l);
            race.Add(log.Name, () => Measurement.OfAsync(calls, async () =>
            {
                for (var i = 0; i < calls; i++) await call(log, Scatter(next[number]++));
            }));
        }

        return race.RunAsync();
    }

    private static async ValueTask<long> AppendAsync(Log log, int i, AppendCondition? condition)
    {
        var result = await log.Open.AppendAsync(new()
        {
            Writes = new[] { new StreamWrite($"new-{i % 1000}", ExpectedVersion.Any, new[] { GrownLog.Event(null) }) },
            Condition = condition,
        }, CancellationToken.None);
        return result.Count;
    }

    private static ValueTask<GlobalPosition> HeadAsync(Log log) => log.Open.GetHeadAsync();

    private static async ValueTask<long> ReadPageAsync(Log log, int i)
    {
        using var page = await log.Open.ReadAsync(new AllRead { AfterPosition = GlobalPosition.FromInt64(i % (log.Events - Page)), MaxCount = Page }, CancellationToken.None);
        return page.Events.Length;
    }

    // As far apart as the events of a spread stream are.
    private static ValueTask<long> ReadFileAsync(Log log, int i)
    {
        Span<byte> page = stackalloc byte[FilePage];
        var pages = RandomAccess.GetLength(log.File) / FilePage;
        var read = 0L;
        for (var k = 0; k < GrownLog.PerStream; k++)
            read += RandomAccess.Read(log.File, page, (i + (k * pages / GrownLog.PerStream)) % pages * FilePage);
        return new(read);
    }

    // By the handle that stays open: closing one would end the locks of SQLite's own.
    private static void Warm(SafeFileHandle file)
    {
        var bytes = new byte[1 << 20];
        for (var offset = 0L; RandomAccess.Read(file, bytes, offset) is > 0 and var read;) offset += read;
    }

    private static int Scatter(int i) => (int)((uint)i * 2654435761u >> 4);
}
