using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Soak;

/// <summary>Everything at once on one file at full durability, for as long as asked; at the end the log is compared with what its callers were answered, and the process with itself at the beginning.</summary>
internal static class SoakWorkload
{
    private const int Periods = 10, JudgedFrom = 2, JudgedPeriods = 3;
    private static readonly TimeSpan s_longestPeriod = TimeSpan.FromMinutes(1), s_longestEnd = TimeSpan.FromMinutes(2);

    // What is under way at one look and not at another: shared pages (24 of 1,000 events of about 300 bytes at most), enlisted effects, a page for each reader and listener. All of it at once is about
    // 8 MiB. An object left behind for each event is beyond it: 24 bytes for each of the half a million events of a run of ten minutes are 12 MiB.
    private const double HeapGrowthMiB = 8;

    // The page caches of the store's connections fill as the file grows: five for reading of 16 MiB each, two for writing of 8 MiB.
    private const double SqliteGrowthMiB = 96;

    // With every connection closed.
    private const long SqliteAtRest = 1 << 20;

    // A second store has about ten descriptors and three threads for as long as it is open, a pool whose threads are blocked comes and goes by a few. One left behind for each of the hundreds of stores
    // that are opened is beyond it.
    private const int DescriptorGrowth = 48, ThreadGrowth = 24;

    private static readonly string[] s_columns =
        ["appends", "blocking appends", "executes", "events read", "delivered", "heard", "transactions", "inserts", "stores opened", "backups"];

    public static async Task RunAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "soak");
        using var ledger = new Ledger(file.Path + ".ledger");
        var faults = new Faults();
        var store = SqliteEventStore.Open(file.Path, SoakEvents.Types);
        var log = new SoakedLog(store, file.Path, ledger, faults);
        await MakeTablesAsync(store);
        var bus = new EventBus(store);
        var period = TimeSpan.FromSeconds(Math.Min(s_longestPeriod.TotalSeconds, settings.Seconds / Periods));
        Follower[] followers = [new GroupFollower(bus, log), new ParkingFollower(bus, log), new RowsFollower(bus, log)];
        foreach (var follower in followers) await follower.StartAsync();
        Actor[] actors = [.. followers, .. Cast(log, bus, period)];

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(faults.AreEnough);
        var ends = actors.Select(a => (Actor: a, End: a.RunAsync(stop.Token))).ToArray();
        var vitals = await WatchAsync(actors, log, period, (int)Math.Round(settings.Seconds / period.TotalSeconds), stop.Token);
        await stop.CancelAsync();

        if (await EndAsync(ends, faults))
        {
            var head = await store.GetHeadAsync();
            await Task.WhenAll(followers.Select(f => f.FinishAsync(head)));
            foreach (var follower in followers)
                Console.WriteLine($"{follower}: {follower.Steered.Refused} calls of its own refused, {follower.Steered.Restarted} times started again, {follower.Steered.Paused} times paused{(follower is ParkingFollower parking ? $", {parking.Retried} events handled by retries" : "")}");
            await CloseAsync(bus, faults);
            await new Examination(log).RunAsync();
            await CloseAsync(store, faults);
            faults.Expect(!File.Exists(file.Path + "-wal"), "the end", "the write-ahead log is still there after the last store was disposed");
            faults.Expect(Vitals.OfSqlite() <= SqliteAtRest, "the end", $"SQLite has {Vitals.OfSqlite():N0} bytes still after the last store was disposed");
        }

        Judge(vitals, faults);
        Console.WriteLine();
        Console.WriteLine($"SQLite's memory at the end: {Vitals.OfSqlite():N0} bytes");
        Console.WriteLine($"verdict: {(faults.Count == 0 ? "held" : $"**{faults}**")}, {ledger.Acknowledged:N0} events acknowledged in {settings.Seconds:N0} s");
        Environment.ExitCode = faults.Count == 0 ? 0 : 1;
    }

    /// <summary>All but the followers.</summary>
    private static IEnumerable<Actor> Cast(SoakedLog log, EventBus bus, TimeSpan period)
    {
        Executor.Heat[] heats = [new(1), new(2)];
        return
        [
            .. Enumerable.Range(1, 8).Select(i => new Appender(i, log)),
            .. Enumerable.Range(1, 3).Select(i => new ThreadCaller(i, log)),
            .. Enumerable.Range(1, 4).Select(i => new PoolCaller(i, log)),
            .. Enumerable.Range(1, 6).Select(i => new Executor(i, heats[i % heats.Length], log)),
            .. Enumerable.Range(1, 2).Select(i => new OneStreamReader(i, log)),
            new WholeLogReader(log),
            .. Enumerable.Range(1, 5).Select(i => new PassingListener(i, bus, log)),
            .. Enumerable.Range(1, 2).Select(i => new Transactor(i, log)),
            .. Enumerable.Range(1, 2).Select(i => new SecondStore(i, log)),
            new ForeignWriter(log),
            new BackupTaker(period, log),
        ];
    }

    private static async Task MakeTablesAsync(EventStore store) => await store.InSqliteTransactionAsync(transaction =>
    {
        Sql.Execute(transaction.Connection, $"CREATE TABLE {RowsFollower.Table} (position INTEGER NOT NULL)");
        Sql.Execute(transaction.Connection, $"CREATE TABLE {Transactor.Table} (number INTEGER NOT NULL)");
    });

    private static async Task<List<Vitals>> WatchAsync(Actor[] actors, SoakedLog log, TimeSpan period, int periods, CancellationToken stop)
    {
        var table = new Table($"Everything at once, FULL, a row for each {period.TotalSeconds:N0} s", ["row", "events stored", .. s_columns, "heap MiB", "SQLite MiB", "rss MiB", "threads", "descriptors", "wal MiB", "faults"]);
        var (vitals, stored) = (new List<Vitals>(), 0L);
        using var timer = new PeriodicTimer(period);
        for (var row = 1; row <= periods; row++)
        {
            try
            {
                await timer.WaitForNextTickAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return vitals;
            }

            var now = await Vitals.TakeAsync(log.Path);
            vitals.Add(now);
            foreach (var actor in actors) log.Faults.Expect(actor.Silence < actor.Patience, actor.Name, $"has done nothing for {actor.Silence.TotalSeconds:N0} s");
            var done = actors.ToLookup(a => a.Column, a => a.Take());
            var storedBefore = stored;
            stored = log.Ledger.Acknowledged;
            table.Row(
                [Table.Number(row), Table.Number(stored - storedBefore), .. s_columns.Select(c => Table.Number(done[c].Sum())), Table.Number(MiB(now.Heap), 1), Table.Number(MiB(now.Sqlite), 1), Table.Number(MiB(now.Resident)), Table.Number(now.Threads), Table.Number(now.Descriptors), Table.Number(MiB(now.WriteAheadLog), 1), Table.Number(log.Faults.Count)]);
        }

        return vitals;
    }

    /// <summary>Waits for all of them; false when some do not end, which the log cannot be examined beside.</summary>
    private static async Task<bool> EndAsync((Actor Actor, Task End)[] actors, Faults faults)
    {
        try
        {
            await Task.WhenAll(actors.Select(a => a.End)).WaitAsync(s_longestEnd);
            return true;
        }
        catch (TimeoutException)
        {
            foreach (var (actor, end) in actors)
                if (!end.IsCompleted) faults.Report(actor.Name, $"has not ended {s_longestEnd.TotalSeconds:N0} s after the soak");
            return false;
        }
    }

    private static async Task CloseAsync(IAsyncDisposable what, Faults faults)
    {
        try
        {
            await what.DisposeAsync().AsTask().WaitAsync(s_longestEnd);
        }
        catch (Exception e)
        {
            faults.Report("the end", $"{what.GetType().Name} is not disposed: {e}");
        }
    }

    /// <summary>The process at the end beside itself in the second row, when all code had run.</summary>
    private static void Judge(List<Vitals> vitals, Faults faults)
    {
        if (!faults.Expect(vitals.Count >= JudgedFrom + JudgedPeriods, "the end", "the soak was too short to judge memory")) return;
        var before = vitals[JudgedFrom - 1];
        var last = vitals[^JudgedPeriods..];
        var table = new Table("Growth from the second row to the smallest of the last three", "", "second row", "last rows", "bound", "");
        Bound("heap, MiB", MiB(before.Heap), last.Min(v => MiB(v.Heap)), HeapGrowthMiB);
        Bound("SQLite's memory, MiB", MiB(before.Sqlite), last.Min(v => MiB(v.Sqlite)), SqliteGrowthMiB);
        Bound("descriptors", before.Descriptors, last.Min(v => v.Descriptors), DescriptorGrowth);
        Bound("threads", before.Threads, last.Min(v => v.Threads), ThreadGrowth);

        void Bound(string what, double first, double end, double growth)
        {
            var isMet = faults.Expect(end <= first + growth, "growth", $"{what}: {first:N1} in the second row, {end:N1} at the end");
            table.Row(what, Table.Number(first, 1), Table.Number(end, 1), $"≤ +{Table.Number(growth)}", isMet ? "met" : "**missed**");
        }
    }

    private static double MiB(long bytes) => bytes / (double)(1 << 20);
}
