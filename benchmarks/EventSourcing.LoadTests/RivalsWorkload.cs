using System.Text.Json;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.LoadTests;

/// <summary>The typed store over the work that other libraries were measured by, each beside the floor with the same serialization.</summary>
internal static class RivalsWorkload
{
    private const int Streams = 100, Stored = 100_000, Refusals = 5_000;
    private const string Ours = "ours", Floor = "floor";
    private const string Type = "OrderPlaced";

    private static readonly OrderPlaced[] s_orders = Orders.Make(1000, items: 1);
    private static readonly string[] s_names = Sample.ShortNames(1000);
    private static readonly StreamId[] s_streams = [.. s_names.Select(name => new StreamId(name))];

    public static async Task RunAsync(Settings settings)
    {
        await AppendAsync(settings, Durability.Full, perAppend: 1, appends: 10_000);
        await AppendAsync(settings, Durability.Full, perAppend: 10, appends: 5_000);
        await AppendAsync(settings, Durability.ProcessCrashOnly, perAppend: 1, appends: 20_000);
        await AppendAsync(settings, Durability.ProcessCrashOnly, perAppend: 100, appends: 1_000);
        await AppendAsync(settings, Durability.ProcessCrashOnly, perAppend: 500, appends: 200);
        await CallersAsync(settings);
        await ReadAsync(settings);
        await MemoryAsync(settings);
    }

    private static Task AppendAsync(Settings settings, Durability durability, int perAppend, int appends)
    {
        var batches = s_orders.Chunk(perAppend).ToArray();
        return new Race($"Rivals: append {perAppend}, one caller, SQLite, {durability}", settings.Rounds, "event")
            .Add(Ours, async () =>
            {
                using var file = new DatabaseFile(settings.Directory, "rivals");
                await using var log = SqliteEventLog.Open(file.Path, new() { Durability = durability });
                return await AppendAsync(log, batches, appends);
            })
            .Add(Floor, () =>
            {
                using var file = new DatabaseFile(settings.Directory, "rivals");
                using var floor = new AdoFloor(file.Path, Pragmas.For(durability), create: true);
                return Measurement.Of((long)appends * perAppend, () =>
                {
                    for (var i = 0; i < appends; i++) Append(floor, s_names[i % Streams], i / Streams * perAppend, batches[i % batches.Length]);
                });
            })
            .RunAsync();
    }

    private static Task<Measurement> AppendAsync(IEventLog log, OrderPlaced[][] batches, int appends)
    {
        var store = new EventStore(log, Orders.Types);
        var perAppend = batches[0].Length;
        return Measurement.OfAsync((long)appends * perAppend, async () =>
        {
            for (var i = 0; i < appends; i++)
                await store.AppendAsync(s_streams[i % Streams], ExpectedVersion.Exactly(i / Streams * perAppend), batches[i % batches.Length]);
        });
    }

    private static Task CallersAsync(Settings settings)
    {
        const int callers = 64;
        OrderPlaced[][] batches = [.. s_orders.Chunk(1)];
        return new Race($"Rivals: {callers} callers, each its own stream, SQLite, Full", settings.Rounds, "append")
            .Add(Ours, async () =>
            {
                using var file = new DatabaseFile(settings.Directory, "rivals");
                await using var log = SqliteEventLog.Open(file.Path);
                var store = new EventStore(log, Orders.Types);
                var versions = new long[callers];
                return await Callers.AwaitingAsync(callers, settings.Seconds,
                    caller => store.AppendAsync(s_streams[caller], ExpectedVersion.Exactly(versions[caller]), batches[versions[caller]++ % batches.Length]));
            })
            .Add("floor: one connection, lock", async () =>
            {
                using var file = new DatabaseFile(settings.Directory, "rivals");
                using var floor = new AdoFloor(file.Path, Pragmas.For(Durability.Full), create: true);
                var versions = new long[callers];
                return await Callers.BlockingAsync(callers, settings.Seconds, caller =>
                {
                    lock (floor) Append(floor, s_names[caller], versions[caller], batches[versions[caller]++ % batches.Length]);
                });
            })
            .RunAsync();
    }

    private static async Task ReadAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "rivals");
        using var naive = new DatabaseFile(settings.Directory, "rivals-floor");
        await using var log = SqliteEventLog.Open(file.Path);
        using var floor = new AdoFloor(naive.Path, Pragmas.For(Durability.Full), create: true);
        var store = new EventStore(log, Orders.Types);
        foreach (var (length, streams) in new[] { (1000, 0..50), (100, 50..550) })
            foreach (var version in Enumerable.Range(0, length / 10))
                foreach (var stream in Enumerable.Range(streams.Start.Value, streams.End.Value - streams.Start.Value))
                {
                    var batch = s_orders[(version * 10 % 1000)..((version * 10 % 1000) + 10)];
                    await store.AppendAsync(s_streams[stream], ExpectedVersion.Exactly(version * 10), batch);
                    Append(floor, s_names[stream], version * 10, batch);
                }

        foreach (var (length, streams) in new[] { (1000, 0..50), (100, 50..550) })
        {
            var (first, count) = (streams.Start.Value, streams.End.Value - streams.Start.Value);
            await new Race($"Rivals: load {length}, decoded, SQLite", settings.Rounds, "event")
                .Add(Ours, () => Measurement.OfAsync((long)length * count, async () =>
                {
                    for (var i = first; i < first + count; i++)
                        Expect(length, (await store.FoldStreamAsync(s_streams[i], static () => new OrderTotals(), static (totals, e) => totals.Apply(e))).State.Orders);
                }))
                .Add(Floor, () => Measurement.Of((long)length * count, () =>
                {
                    for (var i = first; i < first + count; i++) Expect(length, floor.ReadStream(s_names[i], Decode));
                }))
                .RunAsync();
        }

        await new Race("Rivals: replay the whole log, decoded, SQLite", settings.Rounds, "event")
            .Add(Ours, () => Measurement.OfAsync(Stored, async () => Expect(Stored, (await store.FoldAsync(EventQuery.All, static () => new OrderTotals(), static (totals, e) => totals.Apply(e))).State.Orders)))
            .Add(Floor, () => Measurement.Of(Stored, () => Expect(Stored, floor.ReadAll(Decode))))
            .RunAsync();

        OrderPlaced[] stale = [s_orders[0]];
        await new Race("Rivals: a refused append, SQLite, Full", settings.Rounds, "refusal")
            .Add(Ours, () => Callers.AwaitingAsync(1, settings.Seconds, async ValueTask<bool> (_) =>
            {
                try
                {
                    await store.AppendAsync(s_streams[0], ExpectedVersion.Exactly(5), stale);
                    return false;
                }
                catch (WrongExpectedVersionException)
                {
                    return true;
                }
            }))
            .Add("floor, by exception", () => Callers.BlockingAsync(1, settings.Seconds, _ =>
            {
                try
                {
                    floor.Insert(s_names[0], 5, Type, Sample.Data, []);
                }
                catch (SqliteException e) when (e.SqliteErrorCode == 19)
                {
                    // What is measured.
                }
            }))
            .RunAsync();
    }

    private static async Task MemoryAsync(Settings settings)
    {
        OrderPlaced[][] single = [.. s_orders.Chunk(1)], tens = [.. s_orders.Chunk(10)];
        await using var filled = new InMemoryEventLog();
        await AppendAsync(filled, tens, Stored / 10);
        var store = new EventStore(filled, Orders.Types);
        await new Race("Rivals: append 1, one caller, in memory", settings.Rounds, "event")
            .Add(Ours, async () =>
            {
                await using var log = new InMemoryEventLog();
                return await AppendAsync(log, single, Stored);
            })
            .RunAsync();
        await new Race("Rivals: load 1,000, decoded, in memory", settings.Rounds, "event")
            .Add(Ours, () => Measurement.OfAsync(Stored, async () =>
            {
                foreach (var stream in s_streams[..Streams])
                    Expect(Stored / Streams, (await store.FoldStreamAsync(stream, static () => new OrderTotals(), static (totals, e) => totals.Apply(e))).State.Orders);
            }))
            .RunAsync();
        await new Race("Rivals: replay the whole log, decoded, in memory", settings.Rounds, "event")
            .Add(Ours, () => Measurement.OfAsync(Stored, async () => Expect(Stored, (await store.FoldAsync(EventQuery.All, static () => new OrderTotals(), static (totals, e) => totals.Apply(e))).State.Orders)))
            .RunAsync();
    }

    private static void Append(AdoFloor floor, string stream, long version, OrderPlaced[] orders)
    {
        var transaction = orders.Length > 1 ? floor.Begin() : null;
        foreach (var order in orders) floor.Insert(stream, ++version, Type, JsonSerializer.SerializeToUtf8Bytes(order, OrderContracts.Default.OrderPlaced), []);
        if (transaction is not null) floor.Commit(transaction);
    }

    private static void Decode(byte[] data) => _ = JsonSerializer.Deserialize(data, OrderContracts.Default.OrderPlaced)!;

    private static void Expect(long expected, long actual)
    {
        if (actual != expected) throw new InvalidOperationException($"{actual} events were read, not {expected}.");
    }
}
