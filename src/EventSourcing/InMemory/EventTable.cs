using System.Collections.Concurrent;
using System.Security.Cryptography;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>All events and their indexes. Written under the writer's lock, read without one up to <see cref="Head"/>.</summary>
internal sealed class EventTable
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly ConcurrentDictionary<string, StreamIndex> _streams = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TypeIndex> _types = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Tag, TagIndex> _tags = new();
    private readonly ConcurrentDictionary<Guid, int> _suppliedIds = new();
    private readonly PositionalIds _ids = new(BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & (1L << 62) - 1);
    private readonly Slabs _slabs = new();

    // Chunks never move, so a reader's reference to an event stays good while the writer adds more.
    private StoredEvent[][] _chunks = [];
    private int _head;
    private bool _hasSuppliedIds;

    /// <summary>The last event that readers see.</summary>
    internal int Head => Volatile.Read(ref _head);

    /// <summary>The last event written; above <see cref="Head"/> inside a transaction.</summary>
    internal int Count { get; private set; }

    internal ref readonly StoredEvent this[int position] => ref Slot(position);

    internal StreamIndex? FindStream(StreamId id) => _streams.GetValueOrDefault(id.Value);

    internal TypeIndex? FindType(string name) => _types.GetValueOrDefault(name);

    internal TagIndex? FindTag(Tag tag) => _tags.GetValueOrDefault(tag);

    internal int VersionOf(StreamId id) => FindStream(id)?.Count ?? 0;

    /// <summary>The position of the event with an id, 0 where there is none at or before <paramref name="head"/>.</summary>
    internal int Find(Guid id, int head)
    {
        if (_suppliedIds.TryGetValue(id, out var supplied)) return supplied <= head ? supplied : 0;
        return _ids.TryGetPosition(id, out var position) && position >= 1 && position <= head && Slot((int)position).Id == id ? (int)position : 0;
    }

    /// <summary>The moment of an append: now, but never before the last event.</summary>
    internal long TicksOf(TimeProvider clock)
    {
        var now = Microseconds.Truncate(clock.GetUtcNow().UtcTicks);
        return Count == 0 ? now : Math.Max(now, Slot(Count).Ticks);
    }

    internal StreamIndex GetStream(StreamId id) =>
        _streams.TryGetValue(id.Value, out var stream) ? stream : _streams.GetOrAdd(id.Value, new StreamIndex(id));

    internal void Add(StreamIndex stream, in LogEvent e, long ticks)
    {
        var position = Count + 1;
        ref var slot = ref NewSlot(position);
        var (slab, offset) = _slabs.Copy(e.Data.Span, e.Metadata.Span);
        slot = new()
        {
            Id = e.Id ?? NewId(ticks, position),
            Ticks = ticks,
            Stream = stream,
            Type = _types.TryGetValue(e.Type, out var type) ? type : _types.GetOrAdd(e.Type, new TypeIndex(e.Type)),
            Details = EventDetails.Of(e, Count == 0 ? null : Slot(Count).Details),
            Slab = slab,
            Offset = offset,
            DataLength = e.Data.Length,
            MetadataLength = e.Metadata.Length,
            Version = stream.Count + 1,
            IsJson = e.IsJson,
        };
        Count = position;
        stream.Add(position);
        slot.Type.Add(position);
        foreach (var tag in slot.Details?.Tags ?? []) _tags.GetOrAdd(tag, static _ => new()).Add(position);
        if (e.Id is not { } id) return;
        _suppliedIds[id] = position;
        _hasSuppliedIds = true;
    }

    /// <summary>Shows everything written to readers.</summary>
    internal void Publish() => Volatile.Write(ref _head, Count);

    /// <summary>Takes back everything that was not published.</summary>
    internal void Rollback()
    {
        while (Count > _head)
        {
            ref var slot = ref Slot(Count);
            foreach (var tag in slot.Details?.Tags ?? []) _tags[tag].RemoveLast();
            slot.Type.RemoveLast();
            slot.Stream.RemoveLast();
            _suppliedIds.TryRemove(slot.Id, out _);
            slot = default;
            Count--;
        }
    }

    private Guid NewId(long ticks, int position)
    {
        var id = _ids.Create(new(ticks, TimeSpan.Zero), position);
        // A caller may have guessed the id of an event to come.
        for (var moment = ticks; _hasSuppliedIds && _suppliedIds.ContainsKey(id);)
            id = _ids.Create(new(moment += TimeSpan.TicksPerMillisecond, TimeSpan.Zero), position);
        return id;
    }

    private ref StoredEvent Slot(int position) => ref _chunks[position - 1 >> ChunkBits][position - 1 & ChunkSize - 1];

    private ref StoredEvent NewSlot(int position)
    {
        if (position == int.MaxValue) throw new StoreFullException("An in-memory log holds at most 2,147,483,646 events.");
        var chunk = position - 1 >> ChunkBits;
        if (chunk == _chunks.Length) Array.Resize(ref _chunks, Math.Max(4, chunk * 2));
        _chunks[chunk] ??= new StoredEvent[ChunkSize];
        return ref _chunks[chunk][position - 1 & ChunkSize - 1];
    }
}
