using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Rows A and B: one caller, one event or many in one commit.</summary>
internal static class Appends
{
    private const string Ours = "ours", Ado = "ADO prepared", Transactions = "ADO prepared, in transactions", C = "C limit";

    public static async Task RunSinglesAsync(Settings settings, CLimit limit)
    {
        await RunAsync("A. one event per commit, FULL, lone caller", settings, limit, Durability.Full, new(10_000, 1),
            Bar.RateAtLeast(1.05, Ours, Ado), Bar.RateAtLeast(1.05, Ours, Transactions), Bar.RateAtLeast(0.90, Ours, C), Bar.AllocatedAtMost(100, Ours));
        await RunAsync("A. one event per commit, NORMAL, lone caller", settings, limit, Durability.ProcessCrashOnly, new(20_000, 1),
            Bar.RateAtLeast(1.25, Ours, Ado), Bar.RateAtLeast(1.25, Ours, Transactions), Bar.RateAtLeast(0.85, Ours, C), Bar.AllocatedAtMost(100, Ours));
    }

    public static async Task RunBatchesAsync(Settings settings, CLimit limit)
    {
        // To a stream: nine of ten appends find theirs there, or each append begins one, which writes two pages more for its name.
        foreach (var (perCommit, events, overAdo, bytes) in new[] { (10, 100_000, 1.0, 32), (100, 100_000, 1.3, 16), (1000, 200_000, 1.3, 16) })
        {
            var appends = events / perCommit;
            Bar[] bars = [Bar.RateAtLeast(overAdo, Ours, Ado), Bar.RateAtLeast(0.90, Ours, C), Bar.AllocatedAtMost(bytes, Ours)];
            await RunAsync($"B. {perCommit} events per append, FULL, to one stream", settings, limit, Durability.Full, new(events, perCommit, appends / 10, perCommit), bars);
            await RunAsync($"B. {perCommit} events per append, FULL, to a new stream", settings, limit, Durability.Full, new(events, perCommit, appends, perCommit), bars);
            if (perCommit == 10) continue;
            Bar[] interned = [Bar.RateAtLeast(2, Ours, Ado), .. bars[1..]];
            await RunAsync($"B. {perCommit} events per append, FULL, each to another stream", settings, limit, Durability.Full, new(events, perCommit), bars);
            await RunAsync($"B. {perCommit} events per append, FULL, each to another stream with a GUID name", settings, limit, Durability.Full, new(events, perCommit, GuidNames: true), interned);
        }
    }

    /// <summary>Our log, one caller. Every append writes the load's next events.</summary>
    public static async Task<Measurement> OursAsync(Settings settings, Durability durability, Load load)
    {
        using var file = new DatabaseFile(settings.Directory, "ours");
        await using var log = SqliteEventLog.Open(file.Path, new() { Durability = durability });
        var names = Names(load).Select(name => new StreamId(name)).ToArray();
        var versions = new long[load.Streams];
        var writes = load.PerCommit / load.PerStream;
        var caller = new LogCaller(log, writes, load.PerStream);
        return await Measurement.OfAsync(load.Events, async () =>
        {
            for (var group = 0; group < load.Events / load.PerStream; group += writes)
            {
                for (var i = 0; i < writes; i++)
                {
                    var stream = (group + i) % load.Streams;
                    caller.Set(i, names[stream], versions[stream]);
                    versions[stream] += load.PerStream;
                }

                await caller.AppendAsync();
            }
        });
    }

    /// <summary>The floor, the same events in the same commits; a lone insert as its own transaction unless one is asked for.</summary>
    private static Measurement Floor(Settings settings, string pragmas, Load load, bool alwaysBegin)
    {
        using var file = new DatabaseFile(settings.Directory, "ado");
        using var floor = new AdoFloor(file.Path, pragmas, create: true);
        var names = Names(load);
        var versions = new long[load.Streams];
        return Measurement.Of(load.Events, () =>
        {
            for (var i = 0; i < load.Events; i += load.PerCommit)
            {
                var transaction = alwaysBegin || load.PerCommit > 1 ? floor.Begin() : null;
                for (var k = i; k < i + load.PerCommit; k++)
                {
                    var stream = k / load.PerStream % load.Streams;
                    floor.Insert(names[stream], ++versions[stream]);
                }

                if (transaction is not null) floor.Commit(transaction);
            }
        });
    }

    private static async Task RunAsync(string title, Settings settings, CLimit limit, Durability durability, Load load, params Bar[] bars)
    {
        var pragmas = Pragmas.For(durability);
        var race = new Race(title, settings.Rounds, "event")
            .Add(Ours, () => OursAsync(settings, durability, load))
            .Add(Ado, () => Floor(settings, pragmas, load, alwaysBegin: false));
        if (load.PerCommit == 1) race.Add(Transactions, () => Floor(settings, pragmas, load, alwaysBegin: true));
        await race
            .AddLimit(limit, C, () =>
            {
                using var file = new DatabaseFile(settings.Directory, "c");
                return limit.Append(file, pragmas, load);
            })
            .Expect(bars)
            .RunAsync();
    }

    private static string[] Names(Load load) => load.GuidNames ? Sample.GuidNames(load.Streams) : Sample.ShortNames(load.Streams);
}
