using System.Buffers;
using System.Text.Json;
using EventSourcing.Benchmarks;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests.Limits;

/// <summary>A log used with source-generated serialization and nothing between: everything that can be is used again.</summary>
internal sealed class TypedByHand : IDisposable
{
    private readonly IEventLog _log;
    private readonly ArrayBufferWriter<byte> _buffer = new(64 << 10);
    private readonly Utf8JsonWriter _writer;
    private readonly StreamWrite[] _writes = new StreamWrite[1];
    private readonly LogEvent[] _events;
    private readonly int[] _ends;
    private readonly LogAppend _append;

    public TypedByHand(IEventLog log, int perAppend)
    {
        _log = log;
        _writer = new(_buffer, new() { SkipValidation = true });
        _events = new LogEvent[perAppend];
        _ends = new int[perAppend];
        _append = new() { Writes = _writes };
    }

    public ValueTask<AppendResult> AppendAsync(StreamId stream, long version, OrderPlaced[] orders)
    {
        _buffer.ResetWrittenCount();
        for (var i = 0; i < orders.Length; i++)
        {
            _writer.Reset();
            JsonSerializer.Serialize(_writer, orders[i], OrderContracts.Default.OrderPlaced);
            _writer.Flush();
            _ends[i] = _buffer.WrittenCount;
        }

        for (var i = 0; i < orders.Length; i++)
        {
            var start = i == 0 ? 0 : _ends[i - 1];
            _events[i] = new() { Type = "OrderPlaced", Data = _buffer.WrittenMemory[start.._ends[i]], IsJson = true };
        }

        _writes[0] = new(stream, ExpectedVersion.Exactly(version), _events);
        return _log.AppendAsync(_append, CancellationToken.None);
    }

    public void Dispose() => _writer.Dispose();

    public async ValueTask<long> FoldAsync(StreamId stream)
    {
        var totals = new OrderTotals();
        for (var next = new StreamRead(stream) { IncludeTags = false, ReuseBuffers = true }; next is not null;)
        {
            using var page = await _log.ReadAsync(next, CancellationToken.None);
            foreach (ref readonly var e in page.Events) totals.Apply(JsonSerializer.Deserialize(e.Data.Span, OrderContracts.Default.OrderPlaced)!);
            next = next.Next(page);
        }

        return totals.Orders;
    }
}
