using System.Diagnostics;
using System.Text.Json;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>The append of a lone caller, taken apart: streams that begin every 100 events beside streams that stay, the typed store beside its log, each beside the floor with the same serialization.</summary>
internal static class LoneWorkload
{
    private const int Appends = 5_000, StreamLength = 100;
    private const string Type = "OrderPlaced";

    private static readonly OrderPlaced[][] s_orders = [.. Orders.Make(1000, items: 1).Chunk(1)];
    private static readonly byte[][] s_json = [.. s_orders.Select(o => JsonSerializer.SerializeToUtf8Bytes(o[0], OrderContracts.Default.OrderPlaced))];
    private static readonly string[] s_names = [.. Enumerable.Range(0, Appends / StreamLength).Select(i => $"order-{i:D6}")];
    private static readonly StreamId[] s_streams = [.. s_names.Select(name => new StreamId(name))];

    public static async Task RunAsync(Settings settings)
    {
        foreach (var durability in new[] { Durability.Full, Durability.ProcessCrashOnly })
        {
            await new Race($"Lone: append 1, streams of {StreamLength}, SQLite, {durability}", settings.Rounds, "append")
                .Add("typed store", () => StoreAsync(settings, durability, Begun))
                .Add("floor, serializing", () => Floor(settings, durability, Begun, serialize: true))
                .Add("log", () => LogAsync(settings, durability, Begun))
                .Add("floor", () => Floor(settings, durability, Begun, serialize: false))
                .Add("typed store, streams that stay", () => StoreAsync(settings, durability, Staying))
                .Add("floor, serializing, streams that stay", () => Floor(settings, durability, Staying, serialize: true))
                .Expect(Bar.RateAtLeast(0.95, "typed store", "floor, serializing"))
                .RunAsync();
        }
    }

    private static (int Stream, int Version) Begun(int i) => (i / StreamLength, i % StreamLength);

    private static (int Stream, int Version) Staying(int i) => (i % s_names.Length, i / s_names.Length);

    private static async Task<Measurement> StoreAsync(Settings settings, Durability durability, Func<int, (int Stream, int Version)> place)
    {
        using var file = new DatabaseFile(settings.Directory, "lone");
        await using var log = SqliteEventLog.Open(file.Path, new() { Durability = durability });
        var store = new EventStore(log, Orders.Types);
        return await MeasureAsync(i =>
        {
            var (stream, version) = place(i);
            return store.AppendAsync(s_streams[stream], ExpectedVersion.Exactly(version), s_orders[i % s_orders.Length]);
        });
    }

    private static async Task<Measurement> LogAsync(Settings settings, Durability durability, Func<int, (int Stream, int Version)> place)
    {
        using var file = new DatabaseFile(settings.Directory, "lone");
        await using var log = SqliteEventLog.Open(file.Path, new() { Durability = durability });
        var (events, writes) = (new LogEvent[1], new StreamWrite[1]);
        return await MeasureAsync(i =>
        {
            var (stream, version) = place(i);
            events[0] = new() { Type = Type, Data = s_json[i % s_json.Length], IsJson = true };
            writes[0] = new(s_streams[stream], ExpectedVersion.Exactly(version), events);
            return log.AppendAsync(new() { Writes = writes }, default);
        });
    }

    private static async Task<Measurement> MeasureAsync(Func<int, ValueTask<AppendResult>> append)
    {
        var times = new List<long>(Appends);
        var meter = new Meter();
        for (var i = 0; i < Appends; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await append(i);
            times.Add(Stopwatch.GetTimestamp() - began);
        }

        return meter.Stop(Appends) with { Latency = Percentiles.Of([.. times]) };
    }

    private static Measurement Floor(Settings settings, Durability durability, Func<int, (int Stream, int Version)> place, bool serialize)
    {
        using var file = new DatabaseFile(settings.Directory, "lone");
        using var floor = new AdoFloor(file.Path, Pragmas.For(durability), create: true);
        var times = new List<long>(Appends);
        var meter = new Meter();
        for (var i = 0; i < Appends; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var (stream, version) = place(i);
            var data = serialize ? JsonSerializer.SerializeToUtf8Bytes(s_orders[i % s_orders.Length][0], OrderContracts.Default.OrderPlaced) : s_json[i % s_json.Length];
            floor.Insert(s_names[stream], version + 1, Type, data, []);
            times.Add(Stopwatch.GetTimestamp() - began);
        }

        return meter.Stop(Appends) with { Latency = Percentiles.Of([.. times]) };
    }
}
