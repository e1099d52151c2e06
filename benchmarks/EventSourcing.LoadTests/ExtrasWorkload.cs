using System.Globalization;
using System.Text;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>What is paid only by those who ask for it: conditions over tags, tags, promoted fields, opt-in indexes.</summary>
internal static class ExtrasWorkload
{
    private const int Conditions = 2000, Appended = 20_000, PerFilling = 1000;
    private const string Rare = "rare", Frequent = "frequent", Other = "OrderCancelled";

    private static readonly StreamId[] s_streams = [.. Sample.ShortNames(1000).Select(name => new StreamId(name))];

    public static async Task RunAsync(Settings settings)
    {
        await RunConditionsAsync(settings);
        foreach (var perCommit in new[] { 1, 10, 100 }) await RunCostsAsync(settings, perCommit);
    }

    // A million events with a tag each, and with a second one: 100 rare ones, spread over the log, all of which are frequent ones too.
    private static async Task RunConditionsAsync(Settings settings)
    {
        const int events = 1_000_000, rares = 100, frequents = 10_000;
        using var file = new DatabaseFile(settings.Directory, "conditions");
        await using var log = SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });
        var tags = Enumerable.Range(0, 10_000).Select(i => new Tag("customer", $"{i}")).ToArray();
        Tag rare = new("all", Rare), frequent = new("all", Frequent);
        await FillAsync(log, events, i => new()
        {
            Type = Sample.Type,
            Data = Sample.Data,
            IsJson = true,
            Tags = i % (events / rares) == 0 ? [tags[i % tags.Length], rare, frequent] : i % (events / frequents) == 0 ? [tags[i % tags.Length], frequent] : [tags[i % tags.Length]],
        });
        await FillAsync(log, PerFilling, _ => new() { Type = Other, Data = Sample.Data, IsJson = true });
        Console.WriteLine($"- {events:N0} tagged events: {file.Size / (1 << 20):N0} MiB");

        const string none = "no condition";
        var (one, recent, all) = ("one tag, after the head (5.4 µs)", "two tags, after the head less 1,000 (5.9 µs)", "two tags, all 100 candidates (99 µs)");
        var number = 0;
        // What the filling left in the write-ahead log is not the first variant's to pay.
        await ConditionsAsync(_ => null);
        await new Race("Extras: append of one event, NORMAL, with a condition over a million tagged events; in brackets what the bare statement took in a C program, at another time", settings.Rounds, "append")
            .Add(none, () => ConditionsAsync(_ => null))
            .Add(one, () => ConditionsAsync(head => new(LogQuery.All.Tagged("customer", $"{number % tags.Length}"), head)))
            .Add(recent, () => ConditionsAsync(head => new(LogQuery.All.Tagged("all", Rare).Tagged("all", Frequent), GlobalPosition.FromInt64(head.ToInt64() - 1000))))
            .Add(all, () => ConditionsAsync(_ => new(LogQuery.OfTypes(Other).Tagged("all", Rare).Tagged("all", Frequent))))
            .Cost(one, none).Cost(recent, none).Cost(all, none)
            .RunAsync();

        Task<Measurement> ConditionsAsync(Func<GlobalPosition, AppendCondition?> condition)
        {
            var head = GlobalPosition.Start;
            return Measurement.OfAsync(Conditions, async () =>
            {
                head = await log.GetHeadAsync();
                for (var i = 0; i < Conditions; i++, number++)
                {
                    var writes = new[] { new StreamWrite($"new-{number % 1000}", ExpectedVersion.Any, new[] { new LogEvent { Type = Sample.Type, Data = Sample.Data, IsJson = true } }) };
                    head = (await log.AppendAsync(new() { Writes = writes, Condition = condition(head) }, CancellationToken.None)).LastPosition;
                }
            });
        }
    }

    // Values scatter over their index, as those of GUIDs do: the worst case.
    private static async Task RunCostsAsync(Settings settings, int perCommit)
    {
        var before = settings.Large ? 1_000_000 : 100_000;
        const string plain = "plain", correlated = "with correlation and causation, no index";
        var variants = new (string Name, string Over, Func<SqliteEventLog, ValueTask> Ask, Func<int, LogEvent> Event)[]
        {
            (plain, plain, _ => default, Event),
            ("one promoted field", plain, log => log.AddComputedColumnAsync("orderId"), Event),
            ("two promoted fields", plain, async log => { await log.AddComputedColumnAsync("orderId"); await log.AddComputedColumnAsync("customer"); }, Event),
            ("one tag", plain, _ => default, i => Event(i) with { Tags = [Tag("order", i, 100_000)] }),
            ("two tags", plain, _ => default, i => Event(i) with { Tags = [Tag("order", i, 100_000), Tag("customer", i, 10_000)] }),
            ("index of types", plain, log => log.AddIndexAsync(EventIndex.Type), Event),
            (correlated, plain, _ => default, Correlated),
            ("index of correlations", correlated, log => log.AddIndexAsync(EventIndex.Correlation), Correlated),
            ("indexes of correlations and causations", correlated, async log => { await log.AddIndexAsync(EventIndex.Correlation); await log.AddIndexAsync(EventIndex.Causation); }, Correlated),
        };
        var files = new List<DatabaseFile>();
        var logs = new List<SqliteEventLog>();
        try
        {
            var race = new Race($"Extras: {perCommit} events per append, NORMAL, after {before:N0} events", settings.Rounds, "event");
            foreach (var (name, over, ask, make) in variants)
            {
                var file = new DatabaseFile(settings.Directory, $"extras-{files.Count}");
                files.Add(file);
                var log = SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });
                logs.Add(log);
                await ask(log);
                await FillAsync(log, before, make);
                var next = before;
                race.Add(name, () =>
                {
                    var events = Enumerable.Range(next, Appended).Select(make).ToArray();
                    next += Appended;
                    return Measurement.OfAsync(Appended, () => AppendAsync(log, events, perCommit));
                });
                if (name != over) race.Cost(name, over);
            }

            await race.RunAsync();
        }
        finally
        {
            foreach (var log in logs) await log.DisposeAsync();
            foreach (var file in files) file.Dispose();
        }
    }

    private static LogEvent Event(int number) => new() { Type = Sample.Type, Data = Data(number), Metadata = Sample.Metadata, IsJson = true };

    private static LogEvent Correlated(int number) => Event(number) with { CorrelationId = Sample.GuidName((ulong)number), CausationId = Sample.GuidName((ulong)number + 1) };

    private static Tag Tag(string name, int number, int values) => new(name, Sample.GuidName((ulong)(number % values)));

    // As long as the sample's data.
    private static byte[] Data(int number) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $$"""{"orderId":"{{Sample.GuidName((ulong)number)[6..]}}","customer":"customer-{{number * 7919L % 100_000:D5}}","total":45.05,"items":[{"sku":"A-1001","quantity":2}],"note":"{{new string('.', 57)}}"}"""));

    private static async Task FillAsync(SqliteEventLog log, int count, Func<int, LogEvent> make)
    {
        for (var i = 0; i < count; i += PerFilling) await AppendAsync(log, [.. Enumerable.Range(i, PerFilling).Select(make)], PerFilling);
    }

    private static async Task AppendAsync(SqliteEventLog log, LogEvent[] events, int perCommit)
    {
        for (var i = 0; i < events.Length; i += perCommit)
        {
            var writes = new[] { new StreamWrite(s_streams[i / perCommit % s_streams.Length], ExpectedVersion.Any, events.AsMemory(i, perCommit)) };
            await log.AppendAsync(new() { Writes = writes }, CancellationToken.None);
        }
    }
}
