using System.Collections.Concurrent;

namespace EventSourcing.Internal;

/// <summary>Encoders that wait to be used again. Thread-safe. The size in bytes is bounded, so the encoders of one burst of appends are not kept forever.</summary>
internal sealed class EncoderPool(Func<AppendEncoder> create)
{
    // Enough for thousands of small appends at the same time.
    internal const long MaxBytes = 32 << 20;

    private readonly ConcurrentQueue<AppendEncoder> _others = [];
    private long _bytes;

    // The encoder of a single caller. The others are for callers that need one while this one is in use.
    private AppendEncoder? _first;

    /// <summary>The size of the pooled encoders in bytes, without the first one, which takes little more than 1 MiB at most.</summary>
    internal long Bytes => Volatile.Read(ref _bytes);

    internal AppendEncoder Rent()
    {
        if (Interlocked.Exchange(ref _first, null) is { } first) return first;
        if (!_others.TryDequeue(out var encoder)) return create();
        Interlocked.Add(ref _bytes, -encoder.Size);
        return encoder;
    }

    internal void Return(AppendEncoder encoder)
    {
        encoder.Reset();
        if (Interlocked.CompareExchange(ref _first, encoder, null) is null) return;
        var size = encoder.Size;
        if (Interlocked.Add(ref _bytes, size) <= MaxBytes) _others.Enqueue(encoder);
        else Interlocked.Add(ref _bytes, -size);
    }
}
