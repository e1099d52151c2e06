using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>Writes the blocks of one feed. A client that does not accept them in time is an error.</summary>
internal sealed class FeedWriter(PipeWriter output, EventTypeMap types, TimeSpan timeout, TimeProvider time) : IDisposable
{
    // A few packets; a flush for each event would be a system call for each.
    private const int BytesOfFlush = 16 * 1024;

    private static readonly SearchValues<byte> s_lineBreaks = SearchValues.Create("\r\n"u8);

    private readonly ArrayBufferWriter<byte> _json = new();
    private readonly Utf8JsonWriter _writer = new(Stream.Null);
    private long _unflushed;

    /// <summary>When a block was last written.</summary>
    internal long WrittenAt { get; private set; } = time.GetTimestamp();

    /// <summary>Tells the client its place, and after which time it may connect again.</summary>
    internal void Begin(in ResumeToken place, TimeSpan retry) => Write(string.Create(CultureInfo.InvariantCulture, $"retry: {(long)retry.TotalMilliseconds}\nid: {place}\n\n"));

    /// <summary>A comment, with the place: events that were not selected need not be examined again.</summary>
    internal void Beat(in ResumeToken place) => Write($": heartbeat\nid: {place}\n\n");

    /// <param name="e">The event.</param>
    /// <param name="isLast">False when more events follow that the same stored event reads as: the client's place is then still before all of them.</param>
    internal void Event(EventEnvelope e, bool isLast)
    {
        // Before anything of the block is written: an event that has no JSON writes nothing.
        var json = JsonOf(e);
        if (isLast) Write($"id: {e.ResumeToken}\n");
        if (!e.Type.AsSpan().ContainsAny('\r', '\n')) Write($"event: {e.Type}\n");
        Write("data: ");
        Write(json);
        Write("\n\n");
    }

    internal ValueTask FlushIfLargeAsync(CancellationToken cancellationToken) => _unflushed < BytesOfFlush ? default : FlushAsync(cancellationToken);

    /// <exception cref="TimeoutException">The client has not accepted the bytes in time.</exception>
    internal async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_unflushed == 0) return;
        _unflushed = 0;
        var flush = output.FlushAsync(cancellationToken);
        var result = flush.IsCompleted ? await flush.ConfigureAwait(false) : await flush.AsTask().WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        if (result.IsCompleted) throw new OperationCanceledException("The client has closed the connection.");
    }

    public void Dispose() => _writer.Dispose();

    private ReadOnlySpan<byte> JsonOf(EventEnvelope e)
    {
        _json.ResetWrittenCount();
        _writer.Reset(_json);
        _writer.WriteStartObject();
        _writer.WriteString("id"u8, e.EventId);
        _writer.WriteString("type"u8, e.Type);
        _writer.WriteString("stream"u8, e.StreamId.ToString());
        _writer.WriteNumber("version"u8, e.Version);
        _writer.WriteNumber("position"u8, e.Position.ToInt64());
        _writer.WriteString("timestamp"u8, e.Timestamp);
        _writer.WriteStartArray("tags"u8);
        foreach (var tag in e.Tags) _writer.WriteStringValue(tag.ToString());
        _writer.WriteEndArray();
        WriteData(e);
        _writer.WriteEndObject();
        _writer.Flush();
        return WithoutLineBreaks(_json);
    }

    private void WriteData(EventEnvelope e)
    {
        if (types.TryGet(e.Data.GetType(), out var type) && type.Contract is { } contract)
        {
            _writer.WritePropertyName("data"u8);
            JsonSerializer.Serialize(_writer, e.Data, contract);
        }
        else if (type is not null)
        {
            var bytes = new ArrayBufferWriter<byte>();
            type.Serializer.Serialize(type, e.Data, bytes);
            _writer.WriteString("contentType"u8, type.Serializer.ContentType);
            _writer.WriteBase64String("dataBase64"u8, bytes.WrittenSpan);
        }
    }

    // A converter may have written raw JSON with line breaks. Between the values of JSON they mean the same as spaces, and inside of a string JSON has none.
    private static ReadOnlySpan<byte> WithoutLineBreaks(ArrayBufferWriter<byte> json)
    {
        if (!json.WrittenSpan.ContainsAny(s_lineBreaks)) return json.WrittenSpan;
        var copy = json.WrittenSpan.ToArray();
        foreach (ref var b in copy.AsSpan())
            if (b is (byte)'\r' or (byte)'\n') b = (byte)' ';
        return copy;
    }

    private void Write(string text)
    {
        _unflushed += Encoding.UTF8.GetBytes(text, output);
        WrittenAt = time.GetTimestamp();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        _unflushed += bytes.Length;
    }
}
