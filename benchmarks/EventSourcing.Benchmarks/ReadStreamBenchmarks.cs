using BenchmarkDotNet.Attributes;
using EventSourcing.Storage;

namespace EventSourcing.Benchmarks;

/// <summary>One stream, whose events lie between those of a hundred others.</summary>
[MemoryDiagnoser]
public class ReadStreamBenchmarks
{
    private const int StreamCount = 100;

    private readonly string[] _names = Sample.ShortNames(StreamCount);
    private StreamRead[] _reads = null!;
    private Bench _bench = null!;
    private int _next;

    [Params(Backend.InMemory, Backend.Sqlite)]
    public Backend Backend { get; set; }

    [Params(100, 1000)]
    public int Length { get; set; }

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        _bench = new(Backend);
        await Filling.RoundRobinAsync(_bench, _names, Length);
        _reads = [.. _names.Select(name => new StreamRead(name))];
    }

    [GlobalCleanup]
    public Task CleanUpAsync() => _bench.DisposeAsync().AsTask();

    [Benchmark(Baseline = true)]
    public long Floor() => _bench.Floor.ReadStream(_names[_next++ % StreamCount]);

    [Benchmark]
    public async Task<long> Log() => await LogReading.ReadAsync(_bench.Log, _reads[_next++ % StreamCount]);
}
