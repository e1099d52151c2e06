using BenchmarkDotNet.Attributes;

namespace EventSourcing.Benchmarks;

/// <summary>One append, of one event or many, to one of a thousand streams.</summary>
[MemoryDiagnoser]
public class AppendBenchmarks
{
    private const int StreamCount = 1000;

    private readonly string[] _names = Sample.ShortNames(StreamCount);
    private readonly StreamId[] _streams = [.. Sample.ShortNames(StreamCount).Select(name => new StreamId(name))];
    private readonly OrderPlaced[] _orders = Orders.Make(100);
    private Bench _bench = null!;
    private LogCaller _caller = null!;
    private EventStore _store = null!;
    private object[] _batch = null!;
    private int _floorAppends, _logAppends, _storeAppends;

    [Params(Backend.InMemory, Backend.Sqlite)]
    public Backend Backend { get; set; }

    [Params(1, 100)]
    public int Events { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _bench = new(Backend);
        _caller = new(_bench.Log, 1, Events);
        _store = new(_bench.Log, Orders.Types);
        _batch = [.. _orders.Take(Events)];
    }

    [GlobalCleanup]
    public Task CleanUpAsync() => _bench.DisposeAsync().AsTask();

    [Benchmark(Baseline = true)]
    public void Floor()
    {
        var (stream, version) = Next(ref _floorAppends);
        _bench.Floor.Append(_names[stream], version, Events);
    }

    [Benchmark]
    public async Task<AppendResult> Log()
    {
        var (stream, version) = Next(ref _logAppends);
        return await _caller.AppendAsync(_streams[stream], version);
    }

    [Benchmark]
    public async Task<AppendResult> Store()
    {
        var (stream, version) = Next(ref _storeAppends);
        return await _store.AppendAsync(_streams[stream], ExpectedVersion.Exactly(version), _batch);
    }

    private (int Stream, int Version) Next(ref int appends)
    {
        var append = appends++;
        return (append % StreamCount, append / StreamCount * Events);
    }
}
