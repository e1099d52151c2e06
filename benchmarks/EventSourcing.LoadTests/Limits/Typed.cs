using System.Buffers;
using System.Text.Json;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Row H and the row of the whole: what the typed store costs over its log and serialization by hand.</summary>
internal static class Typed
{
    private const int Serialized = 200_000;
    private const string Store = "store", ByHand = "log and serialization by hand";

    private static readonly OrderPlaced[] s_orders = Orders.Make(1000);
    private static readonly JsonSerializerOptions s_reflection = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static async Task RunAsync(Settings settings)
    {
        await SerializeAsync(settings);
        foreach (var perAppend in new[] { 1, 10, 100 })
        {
            var appends = perAppend == 1 ? 10_000 : 100_000 / perAppend;
            await AppendAsync(settings, "SQLite, NORMAL", perAppend, appends, path => SqliteEventLog.Open(path, new() { Durability = Durability.ProcessCrashOnly }));
            await AppendAsync(settings, "in memory", perAppend, appends * 5, _ => new InMemoryEventLog());
        }

        foreach (var length in new[] { 100, 1000 })
        {
            await LoadAsync(settings, "SQLite", length, path => SqliteEventLog.Open(path));
            await LoadAsync(settings, "in memory", length, _ => new InMemoryEventLog());
        }
    }

    private static Task SerializeAsync(Settings settings)
    {
        const string ours = "ours", generated = "source-generated, pooled", reflection = "reflection, pooled";
        var buffer = new ArrayBufferWriter<byte>(1024);
        var writer = new Utf8JsonWriter(buffer, new() { SkipValidation = true });
        var serializer = new JsonEventSerializer();
        _ = Orders.Types.TryGet(typeof(OrderPlaced), out var type);
        Func<Measurement> Each(Action<OrderPlaced> serialize) => () => Measurement.Of(Serialized, () =>
        {
            for (var i = 0; i < Serialized; i++)
            {
                buffer.ResetWrittenCount();
                writer.Reset();
                serialize(s_orders[i % s_orders.Length]);
            }
        });
        return new Race("H. serialize an order of three items", settings.Rounds)
            .Add(ours, Each(order => serializer.Serialize(type!, order, buffer)))
            .Add(generated, Each(order => JsonSerializer.Serialize(writer, order, OrderContracts.Default.OrderPlaced)))
            .Add(reflection, Each(order => JsonSerializer.Serialize(writer, order, s_reflection)))
            .Expect(Bar.RateAtLeast(1.6, ours, reflection), Bar.RateAtLeast(0.9, ours, generated), Bar.AllocatedAtMost(0, ours))
            .RunAsync();
    }

    private static Task AppendAsync(Settings settings, string where, int perAppend, int appends, Func<string, IEventLog> open) =>
        new Race($"all. append {perAppend} orders, {where}", settings.Rounds, "event")
            .Add(Store, () => WithLogAsync(settings, open, async log =>
            {
                var store = new EventStore(log, Orders.Types);
                var batches = s_orders.Chunk(perAppend).ToArray();
                var names = Streams();
                return await Measurement.OfAsync((long)appends * perAppend, async () =>
                {
                    for (var i = 0; i < appends; i++)
                        await store.AppendAsync(names[i % names.Length], ExpectedVersion.Exactly(i / names.Length * perAppend), batches[i % batches.Length]);
                });
            }))
            .Add(ByHand, () => WithLogAsync(settings, open, async log =>
            {
                using var byHand = new TypedByHand(log, perAppend);
                var batches = s_orders.Chunk(perAppend).ToArray();
                var names = Streams();
                return await Measurement.OfAsync((long)appends * perAppend, async () =>
                {
                    for (var i = 0; i < appends; i++)
                        await byHand.AppendAsync(names[i % names.Length], i / names.Length * perAppend, batches[i % batches.Length]);
                });
            }))
            .Expect(Bar.RateAtLeast(1 / 1.1, Store, ByHand))
            .RunAsync();

    private static async Task LoadAsync(Settings settings, string where, int length, Func<string, IEventLog> open)
    {
        const string fold = "store, fold", read = "store, read", aggregate = "store, aggregate";
        using var file = new DatabaseFile(settings.Directory, "typed");
        await using var log = open(file.Path);
        var store = new EventStore(log, Orders.Types);
        var names = Streams();
        foreach (var batch in s_orders.Take(length).Chunk(10))
            foreach (var name in names)
                await store.AppendAsync(name, ExpectedVersion.Any, batch);
        using var byHand = new TypedByHand(log, 1);
        var repository = store.GetRepository<OrderBook>();
        var loads = 100_000 / length;
        Func<Task<Measurement>> Each(Func<StreamId, ValueTask<long>> load) => () => Measurement.OfAsync((long)loads * length, async () =>
        {
            for (var i = 0; i < loads; i++)
                if (await load(names[i % names.Length]) != length) throw new InvalidOperationException("The stream was not read whole.");
        });
        await new Race($"H. load and fold {length} orders, {where}", settings.Rounds, "event")
            .Add(ByHand, Each(byHand.FoldAsync))
            .Add(fold, Each(async name => (await store.FoldStreamAsync(name, static () => new OrderTotals(), static (totals, e) => totals.Apply(e))).State.Orders))
            .Add(aggregate, Each(async name => (await repository.LoadAsync(name)).Version))
            .Add(read, Each(name => CountAsync(store.ReadStreamAsync(name))))
            .Expect(Bar.RateAtLeast(0.9, fold, ByHand), Bar.RateAtLeast(1 / 1.1, aggregate, ByHand), Bar.RateAtLeast(1 / 1.1, read, ByHand))
            .RunAsync();
    }

    private static async ValueTask<long> CountAsync(EventSequence events)
    {
        var totals = new OrderTotals();
        await foreach (var e in events) totals.Apply(e.Data);
        return totals.Orders;
    }

    private static StreamId[] Streams() => [.. Sample.ShortNames(100).Select(name => new StreamId(name))];

    private static async Task<Measurement> WithLogAsync(Settings settings, Func<string, IEventLog> open, Func<IEventLog, Task<Measurement>> run)
    {
        using var file = new DatabaseFile(settings.Directory, "typed");
        await using var log = open(file.Path);
        return await run(log);
    }
}
