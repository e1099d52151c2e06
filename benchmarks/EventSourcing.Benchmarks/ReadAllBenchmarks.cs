using BenchmarkDotNet.Attributes;
using EventSourcing.Storage;

namespace EventSourcing.Benchmarks;

/// <summary>The whole log from its beginning.</summary>
[MemoryDiagnoser]
public class ReadAllBenchmarks
{
    private readonly AllRead _read = new();
    private Bench _bench = null!;

    [Params(Backend.InMemory, Backend.Sqlite)]
    public Backend Backend { get; set; }

    [Params(100_000)]
    public int Length { get; set; }

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        _bench = new(Backend);
        await Filling.RoundRobinAsync(_bench, Sample.ShortNames(100), Length / 100);
    }

    [GlobalCleanup]
    public Task CleanUpAsync() => _bench.DisposeAsync().AsTask();

    [Benchmark(Baseline = true)]
    public long Floor() => _bench.Floor.ReadAll();

    [Benchmark]
    public async Task<long> Log() => await LogReading.ReadAsync(_bench.Log, _read);
}
