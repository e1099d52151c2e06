using System.Text.Json;
using BenchmarkDotNet.Attributes;

namespace EventSourcing.Benchmarks;

/// <summary>The state of one stream of orders: read, decoded, folded.</summary>
[MemoryDiagnoser]
public class FoldBenchmarks
{
    private const string Stream = "order-1";

    private Bench _bench = null!;
    private EventStore _store = null!;
    private AggregateRepository<OrderBook> _repository = null!;

    [Params(Backend.InMemory, Backend.Sqlite)]
    public Backend Backend { get; set; }

    [Params(100, 1000)]
    public int Length { get; set; }

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        _bench = new(Backend);
        _store = new(_bench.Log, Orders.Types);
        _repository = _store.GetRepository<OrderBook>();
        var orders = Orders.Make(Length);
        await _store.AppendAsync(Stream, ExpectedVersion.NoStream, orders);
        for (var i = 0; i < Length; i++)
            _bench.Floor.Insert(Stream, i + 1, "OrderPlaced", JsonSerializer.SerializeToUtf8Bytes(orders[i], OrderContracts.Default.OrderPlaced), []);
    }

    [GlobalCleanup]
    public Task CleanUpAsync() => _bench.DisposeAsync().AsTask();

    [Benchmark(Baseline = true)]
    public int Floor()
    {
        var totals = new OrderTotals();
        _bench.Floor.ReadStream(Stream, data => totals.Apply(JsonSerializer.Deserialize(data, OrderContracts.Default.OrderPlaced)!));
        return totals.Orders;
    }

    [Benchmark]
    public async Task<long> FoldStream() =>
        (await _store.FoldStreamAsync(Stream, static () => new OrderTotals(), static (totals, e) => totals.Apply(e))).StreamVersion;

    [Benchmark]
    public async Task<long> LoadAggregate() => (await _repository.LoadAsync(Stream)).Version;

    [Benchmark]
    public async Task<int> ReadStream()
    {
        var totals = new OrderTotals();
        await foreach (var e in _store.ReadStreamAsync(Stream)) totals.Apply(e.Data);
        return totals.Orders;
    }
}
