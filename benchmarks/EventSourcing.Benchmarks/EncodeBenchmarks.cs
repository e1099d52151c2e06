using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;

namespace EventSourcing.Benchmarks;

/// <summary>One order to JSON and back. No backend: the floor is the source-generated contract with a writer and a buffer that are used again.</summary>
[MemoryDiagnoser]
public class EncodeBenchmarks
{
    private static readonly JsonSerializerOptions s_reflection = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly JsonEventSerializer _serializer = new();
    private readonly OrderPlaced _order = Orders.Make(1)[0];
    private byte[] _json = null!;
    private EventType _type = null!;
    private Utf8JsonWriter _writer = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _writer = new(_buffer, new() { SkipValidation = true });
        _json = JsonSerializer.SerializeToUtf8Bytes(_order, OrderContracts.Default.OrderPlaced);
        Orders.Types.TryGet(typeof(OrderPlaced), out _type!);
    }

    [GlobalCleanup]
    public void CleanUp() => _writer.Dispose();

    [Benchmark(Baseline = true)]
    public int Floor()
    {
        Reset();
        JsonSerializer.Serialize(_writer, _order, OrderContracts.Default.OrderPlaced);
        return _buffer.WrittenCount;
    }

    [Benchmark]
    public int Serialize()
    {
        Reset();
        _serializer.Serialize(_type, _order, _buffer);
        return _buffer.WrittenCount;
    }

    [Benchmark]
    public int SerializeByReflection()
    {
        Reset();
        JsonSerializer.Serialize(_writer, _order, s_reflection);
        return _buffer.WrittenCount;
    }

    [Benchmark]
    public object FloorOfDeserializing() => JsonSerializer.Deserialize(_json, OrderContracts.Default.OrderPlaced)!;

    [Benchmark]
    public object Deserialize() => _serializer.Deserialize(_type, new(_type.Name, _json));

    private void Reset()
    {
        _buffer.ResetWrittenCount();
        _writer.Reset();
    }
}
