using BenchmarkDotNet.Attributes;

namespace EventSourcing.Benchmarks;

/// <summary>One append, of one event or many, to one of a hundred streams. Each iteration has files of its own, so that no log grows without bound.</summary>
[MemoryDiagnoser]
[SimpleJob(warmupCount: 3, iterationCount: 15, invocationCount: Appends)]
public class AppendBenchmarks
{
    private const int StreamCount = 100, Appends = 2048;

    private readonly string[] _names = Sample.ShortNames(StreamCount);
    private readonly StreamId[] _streams = [.. Sample.ShortNames(StreamCount).Select(name => new StreamId(name))];
    private readonly OrderPlaced[] _orders = Orders.Make(100);
    private Bench _bench = null!;
    private LogCaller _caller = null!;
    private EventStore _store = null!;
    private object[] _batch = null!;
    private int _next;

    [Params(Backend.InMemory, Backend.Sqlite)]
    public Backend Backend { get; set; }

    [Params(1, 100)]
    public int Events { get; set; }

    [IterationSetup]
    public void SetUp()
    {
        _bench = new(Backend);
        _caller = new(_bench.Log, 1, Events);
        _store = new(_bench.Log, Orders.Types);
        _batch = [.. _orders.Take(Events)];
        _next = 0;
    }

    [IterationCleanup]
    public void CleanUp() => _bench.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Benchmark(Baseline = true)]
    public void Floor()
    {
        var (stream, version) = Next();
        _bench.Floor.Append(_names[stream], version, Events);
    }

    [Benchmark]
    public async Task<AppendResult> Log()
    {
        var (stream, version) = Next();
        return await _caller.AppendAsync(_streams[stream], version);
    }

    [Benchmark]
    public async Task<AppendResult> Store()
    {
        var (stream, version) = Next();
        return await _store.AppendAsync(_streams[stream], ExpectedVersion.Exactly(version), _batch);
    }

    private (int Stream, int Version) Next()
    {
        var append = _next++;
        return (append % StreamCount, append / StreamCount * Events);
    }
}
