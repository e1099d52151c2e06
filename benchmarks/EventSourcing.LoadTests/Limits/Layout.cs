using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Row E: bytes written per event where streams are short-lived and their names scatter. Free of noise, so few rounds do.</summary>
internal static class Layout
{
    private const int Events = 150_000, PerCommit = 100;
    private const string Ours = "ours", Text = "names in the row", Interned = "interned";

    public static async Task RunAsync(Settings settings)
    {
        // Rarer checkpoints write a hot page fewer times, so the floors run both as SQLite is set and as our writer sets it.
        const string asMeasured = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000;";
        await RunAsync(settings, "floors with a cache of 16 MB and a checkpoint every 1,000 pages", asMeasured);
        await RunAsync(settings, "floors with our writer's cache and checkpoints", Pragmas.Ours(Durability.ProcessCrashOnly));
    }

    private static Task RunAsync(Settings settings, string what, string pragmas) =>
        new Race($"E. streams of 10 events with GUID names, {PerCommit} events per commit, NORMAL; {what}", Math.Min(settings.Rounds, 3), "event")
            .Add(Ours, () => OursAsync(settings))
            .Add(Text, () => NamesInTheRow(settings, pragmas))
            .Add(Interned, () => InternedNames(settings, pragmas))
            .Expect(Bar.WrittenAtMost(1 / 2.5, Ours, Text), Bar.WrittenAtMost(1.1, Ours, Interned))
            .RunAsync();

    private static async Task<Measurement> OursAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "layout-ours");
        await using var log = SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });
        var streams = new ShortLivedStreams();
        var caller = new LogCaller(log, PerCommit, 1);
        return await Measurement.OfAsync(Events, async () =>
        {
            for (var i = 0; i < Events; i += PerCommit)
            {
                for (var k = 0; k < PerCommit; k++) caller.Set(k, streams.Next().Name);
                await caller.AppendAsync();
            }
        });
    }

    private static Measurement NamesInTheRow(Settings settings, string pragmas)
    {
        using var file = new DatabaseFile(settings.Directory, "layout-text");
        using var floor = new AdoFloor(file.Path, pragmas, create: true);
        var streams = new ShortLivedStreams();
        return Measurement.Of(Events, () =>
        {
            for (var i = 0; i < Events; i += PerCommit)
            {
                var transaction = floor.Begin();
                for (var k = 0; k < PerCommit; k++)
                {
                    var (_, name, version) = streams.Next();
                    floor.Insert(name, version + 1);
                }

                floor.Commit(transaction);
            }
        });
    }

    private static Measurement InternedNames(Settings settings, string pragmas)
    {
        using var file = new DatabaseFile(settings.Directory, "layout-interned");
        using var floor = new InternedFloor(file.Path, pragmas);
        var streams = new ShortLivedStreams();
        return Measurement.Of(Events, () =>
        {
            for (var i = 0; i < Events; i += PerCommit)
            {
                using var transaction = floor.Begin();
                for (var k = 0; k < PerCommit; k++)
                {
                    var (number, name, version) = streams.Next();
                    floor.Insert(number, name, version);
                }

                transaction.Commit();
            }
        });
    }
}
