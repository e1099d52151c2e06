using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Row G: the log in memory against two plain stores.</summary>
internal static class InMemory
{
    private const int Events = 1_000_000, Streams = 1000, PayloadBytes = 300;
    private const string Ours = "ours", Naive = "ConcurrentDictionary and List", Chunks = "plain chunk store";

    private static readonly string[] s_names = Sample.ShortNames(Streams);
    private static readonly StreamId[] s_streams = [.. s_names.Select(name => new StreamId(name))];

    public static async Task RunAsync(Settings settings)
    {
        await new Race("G. in memory, append, one event each", settings.Rounds, "event")
            .Add(Ours, async () => await AppendOursAsync(new()))
            .Add(Naive, () => AppendPlain(new DictionaryStore().Append))
            .Add(Chunks, () => AppendPlain(new ChunkStore().Append))
            .Expect(Bar.RateAtLeast(3, Ours, Naive), Bar.RateAtLeast(0.7, Ours, Chunks), Bar.AllocatedAtMost(PayloadBytes + 120, Ours))
            .RunAsync();
        await using var log = new InMemoryEventLog();
        var naive = new DictionaryStore();
        var chunks = new ChunkStore();
        await AppendOursAsync(log);
        AppendPlain(naive.Append);
        AppendPlain(chunks.Append);
        var (small, large) = (new AllRead(), new AllRead { MaxCount = LogRead.MaxPage });
        await new Race("G. in memory, read all", settings.Rounds, "event")
            .Add(Ours, () => Measurement.OfAsync(Events, async () => await LogReading.ReadAsync(log, small)))
            .Add("ours, largest pages", () => Measurement.OfAsync(Events, async () => await LogReading.ReadAsync(log, large)))
            .Add(Naive, () => Measurement.Of(Events, () => naive.ReadAll()))
            .Add(Chunks, () => Measurement.Of(Events, () => chunks.ReadAll()))
            .Expect(Bar.RateAtLeast(3, Ours, Naive), Bar.RateAtLeast(0.7, Ours, Chunks))
            .RunAsync();
    }

    private static Task<Measurement> AppendOursAsync(InMemoryEventLog log)
    {
        var caller = new LogCaller(log, 1, 1);
        return Measurement.OfAsync(Events, async () =>
        {
            for (var i = 0; i < Events; i++) await caller.AppendAsync(s_streams[i % Streams], i / Streams);
        });
    }

    private static Measurement AppendPlain(Action<string, long> append) => Measurement.Of(Events, () =>
    {
        for (var i = 0; i < Events; i++) append(s_names[i % Streams], i / Streams);
    });
}
