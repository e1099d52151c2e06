using System.Collections.Concurrent;
using EventSourcing.Benchmarks;

namespace EventSourcing.LoadTests.Limits;

/// <summary>The obvious store in memory: a list of objects for each stream, and one of all. Id and time are given, which flatters it.</summary>
internal sealed class DictionaryStore
{
    private readonly ConcurrentDictionary<string, List<Event>> _streams = new();
    private readonly List<Event> _all = [];

    private sealed record Event(long Position, string Stream, long Version, Guid Id, string Type, DateTime Time, byte[] Data, byte[] Metadata);

    public void Append(string stream, long version)
    {
        var events = _streams.GetOrAdd(stream, static _ => []);
        lock (events)
        {
            if (events.Count != version) throw new InvalidOperationException("The stream has another version.");
            lock (_all)
            {
                var e = new Event(_all.Count + 1, stream, version + 1, Sample.Id, Sample.Type, DateTime.UnixEpoch, Sample.Data.ToArray(), Sample.Metadata.ToArray());
                _all.Add(e);
                events.Add(e);
            }
        }
    }

    public long ReadAll()
    {
        var sum = 0L;
        lock (_all)
            foreach (var e in _all) sum += e.Position + e.Version + e.Time.Ticks + e.Data.Length + e.Metadata.Length + e.Type.Length + e.Stream.Length;
        return sum == 0 ? 0 : _all.Count;
    }
}

/// <summary>A plain store in memory at about the limit: one lock, events in chunks that never move, payloads copied into slabs. Id and time are given, which flatters it.</summary>
internal sealed class ChunkStore
{
    private const int ChunkLength = 4096, SlabBytes = 1 << 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<long>> _streams = [];
    private readonly List<Event[]> _chunks = [];
    private byte[] _slab = [];
    private int _slabUsed;
    private long _count;

    private struct Event
    {
        public long Position, Version;
        public string Stream, Type;
        public Guid Id;
        public DateTime Time;
        public ReadOnlyMemory<byte> Data, Metadata;
    }

    public void Append(string stream, long version)
    {
        lock (_lock)
        {
            if (!_streams.TryGetValue(stream, out var positions)) _streams[stream] = positions = [];
            if (positions.Count != version) throw new InvalidOperationException("The stream has another version.");
            if (_count % ChunkLength == 0) _chunks.Add(new Event[ChunkLength]);
            ref var e = ref _chunks[^1][_count % ChunkLength];
            e.Position = _count + 1;
            e.Stream = stream;
            e.Version = version + 1;
            e.Id = Sample.Id;
            e.Type = Sample.Type;
            e.Time = DateTime.UnixEpoch;
            e.Data = Copy(Sample.Data);
            e.Metadata = Copy(Sample.Metadata);
            positions.Add(_count++);
        }
    }

    public long ReadAll()
    {
        var (sum, left) = (0L, _count);
        foreach (var chunk in _chunks)
        {
            foreach (ref readonly var e in chunk.AsSpan(0, (int)Math.Min(left, ChunkLength)))
                sum += e.Position + e.Version + e.Time.Ticks + e.Data.Length + e.Metadata.Length + e.Type.Length + e.Stream.Length;
            left -= ChunkLength;
        }

        return sum == 0 ? 0 : _count;
    }

    private ReadOnlyMemory<byte> Copy(byte[] bytes)
    {
        if (_slab.Length - _slabUsed < bytes.Length) (_slab, _slabUsed) = (GC.AllocateUninitializedArray<byte>(SlabBytes), 0);
        var copy = _slab.AsMemory(_slabUsed, bytes.Length);
        bytes.CopyTo(copy);
        _slabUsed += bytes.Length;
        return copy;
    }
}
