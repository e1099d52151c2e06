using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Row D: reading everything and reading one stream, with and without memory mapping, each against floor and limit in the same mode.</summary>
internal static class Reads
{
    private const int Streams = 1000;
    private const int PayloadBytes = 300;
    private const string Ours = "ours", Ado = "ADO prepared", C = "C limit";

    private static readonly bool[] s_modes = [false, true];

    public static async Task RunAsync(Settings settings, CLimit limit)
    {
        await WithFilesAsync(settings, 1_000_000, async (ours, naive) =>
        {
            foreach (var mapped in s_modes)
            {
                await AllAsync(settings, limit, ours, naive, 1_000_000, mapped);
                await StreamsAsync(settings, limit, ours, naive, 1_000, 100, mapped,
                    Bar.RateAtLeast(1.6, Ours, Ado), Bar.RateAtLeast(0.90, Ours, C), Bar.AllocatedAtMost(PayloadBytes + 32, Ours));
            }
        });
        await WithFilesAsync(settings, 100_000, async (ours, naive) =>
        {
            foreach (var mapped in s_modes)
                await StreamsAsync(settings, limit, ours, naive, 100, 1000, mapped,
                    Bar.RateAtLeast(1.8, Ours, Ado), Bar.RateAtLeast(0.85, Ours, C), Bar.AllocatedAtMost(PayloadBytes + 100, Ours));
        });
    }

    private static async Task WithFilesAsync(Settings settings, int events, Func<string, string, Task> run)
    {
        using var ours = new DatabaseFile(settings.Directory, "read-ours");
        using var naive = new DatabaseFile(settings.Directory, "read-naive");
        await Filled.OursAsync(ours, events, Streams);
        Filled.Floor(naive, events, Streams);
        await run(ours.Path, naive.Path);
    }

    private static async Task AllAsync(Settings settings, CLimit limit, string ours, string naive, int events, bool mapped)
    {
        var pragmas = Pragmas.Reading(mapped);
        await using var log = SqliteEventLog.Open(ours, new() { MemoryMappedReads = mapped });
        using var floor = new AdoFloor(naive, pragmas);
        var read = new AllRead();
        await new Race($"D. read all {events:N0}, {Mode(mapped)}", settings.Rounds, "event")
            .Add(Ours, () => Measurement.OfAsync(events, async () => Expect(events, await LogReading.ReadAsync(log, read))))
            .Add(Ado, () => Measurement.Of(events, () => Expect(events, floor.ReadAll())))
            .AddLimit(limit, C, () => limit.ReadAll(naive, pragmas))
            .Expect(Bar.RateAtLeast(3, Ours, Ado), Bar.RateAtLeast(0.85, Ours, C), Bar.AllocatedAtMost(PayloadBytes + 16, Ours))
            .RunAsync();
    }

    private static async Task StreamsAsync(Settings settings, CLimit limit, string ours, string naive, int length, int reads, bool mapped, params Bar[] bars)
    {
        var pragmas = Pragmas.Reading(mapped);
        var names = Sample.ShortNames(Streams);
        await using var log = SqliteEventLog.Open(ours, new() { MemoryMappedReads = mapped });
        using var floor = new AdoFloor(naive, pragmas);
        var asked = names.Select(name => new StreamRead(name)).ToArray();

        async Task ReadOursAsync()
        {
            var random = new Random(5);
            for (var i = 0; i < reads; i++) Expect(length, await LogReading.ReadAsync(log, asked[random.Next(Streams)]));
        }

        void ReadFloor()
        {
            var random = new Random(5);
            for (var i = 0; i < reads; i++) Expect(length, floor.ReadStream(names[random.Next(Streams)]));
        }

        await ReadOursAsync();
        ReadFloor();
        await new Race($"D. read a stream of {length:N0}, warm, {Mode(mapped)}", settings.Rounds, "event")
            .Add(Ours, () => Measurement.OfAsync((long)length * reads, ReadOursAsync))
            .Add(Ado, () => Measurement.Of((long)length * reads, ReadFloor))
            .AddLimit(limit, C, () => limit.ReadStreams(naive, pragmas, Streams, reads))
            .Expect(bars)
            .RunAsync();
    }

    private static string Mode(bool mapped) => mapped ? "memory-mapped" : "not memory-mapped";

    private static void Expect(long expected, long actual)
    {
        if (actual != expected) throw new InvalidOperationException($"{actual} events were read, not {expected}.");
    }
}
