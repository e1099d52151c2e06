using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>All events and their indexes. Written under the writer's lock, read without one up to <see cref="Head"/>.</summary>
/// <remarks>
/// The layout:
/// <list type="bullet">
/// <item>Events lie in chunks of 4,096, the event of position n at index (n - 1) % 4,096 of chunk (n - 1) / 4,096. A chunk never moves, so a page refers to events in place. Data and metadata are copied into arenas of many payloads (<see cref="PayloadArenas"/>).</item>
/// <item>Each stream, type and tag has the list of its positions, ascending (<see cref="PositionList"/>). The version of an event is its place in its stream's list. Queries intersect and join these lists (<see cref="QueryCandidates"/>).</item>
/// <item>Ids that the log generates contain the position (<see cref="PositionalIds"/>); a dictionary holds only ids that callers supplied.</item>
/// <item>The writer adds events after <see cref="Head"/>, where readers do not look, then publishes them by advancing the head. A transaction that fails removes the events after the head.</item>
/// <item>An erased event keeps its slot, without type and with a hash as data; its chunk is replaced by a copy, for readers of the old one.</item>
/// </list>
/// The readable reference of what a log does is <c>ReferenceLog</c> in EventSourcing.Testing.
/// </remarks>
internal sealed class EventTable
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly ConcurrentDictionary<string, StreamIndex> _streams = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TypeIndex> _types = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Tag, TagIndex> _tags = new();
    private readonly ConcurrentDictionary<Guid, int> _suppliedIds = new();
    private readonly PositionalIds _ids;
    private readonly PayloadArenas _arenas = new();
    private MarkSource _marks;

    // Chunks never move, so a reader's reference to an event stays valid while the writer adds events.
    private RecordedEvent[][] _chunks = [];
    private long[] _chunkBytes = [];
    private bool[] _chunkHasErased = [];
    private int _head;
    private int _generation = 1;
    private bool _hasSuppliedIds;

    // An append looks up its stream twice, to validate and to write it. The next event often has the type of the last one.
    private string? _lastName;
    private StreamIndex? _lastStream;
    private TypeIndex? _lastType;

    internal EventTable()
        : this(BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & (1L << 62) - 1, MarkSource.Create())
    {
    }

    /// <summary>A table that gives the same ids and marks in every run.</summary>
    internal EventTable(long idKey, MarkSource marks) => (_ids, _marks) = (new(idKey), marks);

    /// <summary>Draws marks from another source from now on, as a process does that continues with a restored log.</summary>
    internal void UseMarks(MarkSource marks) => _marks = marks;

    /// <summary>The last event that readers see.</summary>
    internal int Head => Volatile.Read(ref _head);

    /// <summary>Increases with every erasure.</summary>
    internal int Generation => Volatile.Read(ref _generation);

    /// <summary>The last event written; above <see cref="Head"/> inside a transaction.</summary>
    internal int Count { get; private set; }

    internal ref readonly RecordedEvent this[int position] => ref Slot(position);

    /// <summary>The token of the event at a position, erased or not; of position 0 the start.</summary>
    internal ResumeToken TokenAt(int position)
    {
        if (position == 0) return ResumeToken.Start;
        ref readonly var e = ref Slot(position);
        return ResumeToken.Of(GlobalPosition.FromInt64(position), e.Id, e.Mark);
    }

    /// <summary>The events from a position on, in one chunk: through another position or the last event before an erased one, at most a number of events, and about a number of bytes with at least one event.</summary>
    internal ArraySegment<RecordedEvent> Run(int first, int last, int maxCount, int maxBytes)
    {
        var (chunk, start) = (first - 1 >> ChunkBits, first - 1 & ChunkSize - 1);
        var events = Volatile.Read(ref _chunks[chunk]);
        var hasErased = Volatile.Read(ref _chunkHasErased[chunk]);
        var count = Math.Min(Math.Min(ChunkSize - start, last - first + 1), maxCount);
        if (hasErased && events.AsSpan(start, count).IndexOfErased() is var erased and >= 0) count = erased;
        if (Volatile.Read(ref _chunkBytes[chunk]) < maxBytes) return new(events, start, count);
        var bytes = 0L;
        for (var i = 0; i < count; i++)
        {
            bytes += events[start + i].Data.Length + events[start + i].Metadata.Length;
            if (bytes >= maxBytes) return new(events, start, i + 1);
        }

        return new(events, start, count);
    }

    /// <summary>The number of streams. Includes streams that only a rolled-back append has named.</summary>
    internal int StreamCount => _streams.Count;

    internal ICollection<StreamIndex> Streams => _streams.Values;

    internal ICollection<TypeIndex> Types => _types.Values;

    internal bool HasErased => Generation > 1;

    internal StreamIndex? FindStream(StreamId id) => _streams.GetValueOrDefault(id.Value);

    internal TypeIndex? FindType(string name) => _types.GetValueOrDefault(name);

    internal TagIndex? FindTag(Tag tag) => _tags.GetValueOrDefault(tag);

    internal int VersionOf(StreamId id) => FindStreamToWrite(id)?.Count ?? 0;

    /// <summary>The position of the event with an id; 0 if there is none at or before <paramref name="head"/>.</summary>
    internal int Find(Guid id, int head)
    {
        if (_suppliedIds.TryGetValue(id, out var supplied)) return supplied <= head ? supplied : 0;
        return _ids.TryGetPosition(id, out var position) && position >= 1 && position <= head && Slot((int)position).Id == id ? (int)position : 0;
    }

    /// <summary>The timestamp of an append: now, but never earlier than the last event's.</summary>
    internal long TicksOf(TimeProvider clock)
    {
        var now = Microseconds.Truncate(clock.GetUtcNow()).Ticks;
        return Count == 0 ? now : Math.Max(now, Slot(Count).Timestamp.UtcTicks);
    }

    internal StreamIndex GetStream(StreamId id) => FindStreamToWrite(id) ?? (_lastStream = _streams.GetOrAdd(id.Value, new StreamIndex(id)));

    internal void Add(StreamIndex stream, in LogEvent e, long ticks)
    {
        var position = Count + 1;
        ref var slot = ref NewSlot(position);
        var (arena, offset) = _arenas.Copy(e.Data.Span, e.Metadata.Span);
        var type = GetType(e.Type);
        slot = new()
        {
            Position = GlobalPosition.FromInt64(position),
            StreamId = stream.Id,
            Version = stream.Count + 1,
            Type = type.Name,
            Id = e.Id ?? NewId(ticks, position),
            Mark = _marks.Next(),
            Timestamp = new(ticks, TimeSpan.Zero),
            Details = StoredEvent.DetailsOf(e, Count == 0 ? null : Slot(Count).Details),
            Metadata = new(arena, offset + e.Data.Length, e.Metadata.Length),
            Data = new(arena, offset, e.Data.Length),
            IsJson = e.IsJson,
        };
        Count = position;
        _chunkBytes[position - 1 >> ChunkBits] += e.Data.Length + e.Metadata.Length;
        stream.Add(position);
        type.Add(position);
        if (slot.Tags is { } tags) AddTags(tags, position);
        if (e.Id is { } id) AddId(id, position);
    }

    /// <summary>Erases published events of a stream through a version. What is kept of each: its numbers, its id, and a hash by which repeats are recognized.</summary>
    internal void Erase(StreamIndex stream, int throughVersion)
    {
        var any = false;
        for (var version = 1; version <= Math.Min(throughVersion, stream.Count);)
        {
            var chunk = stream.Items[version - 1] - 1 >> ChunkBits;
            RecordedEvent[] copy = [.. _chunks[chunk]];
            for (; version <= Math.Min(throughVersion, stream.Count) && stream.Items[version - 1] - 1 >> ChunkBits == chunk; version++)
            {
                ref var e = ref copy[stream.Items[version - 1] - 1 & ChunkSize - 1];
                if (e.IsErased()) continue;
                _chunkBytes[chunk] -= e.Data.Length + e.Metadata.Length;
                e = e.Erased();
                any = true;
            }

            // Readers that have the old chunk keep what they see. Readers that have the copy see that it is marked, and check for erased events.
            Volatile.Write(ref _chunkHasErased[chunk], true);
            Volatile.Write(ref _chunks[chunk], copy);
        }

        if (any) Volatile.Write(ref _generation, _generation + 1);
    }

    /// <summary>Shows everything written to readers; with a full fence, for calls that wait for an event.</summary>
    internal void Publish() => Interlocked.Exchange(ref _head, Count);

    /// <summary>Rolls back everything that was not published.</summary>
    internal void Rollback() => Rollback(_head);

    /// <summary>Rolls back everything after a position, which is not published.</summary>
    internal void Rollback(int last)
    {
        while (Count > last)
        {
            ref var slot = ref Slot(Count);
            foreach (var tag in slot.Tags ?? []) _tags[tag].RemoveLast();
            _types[slot.Type].RemoveLast();
            _streams[slot.StreamId.Value].RemoveLast();
            _chunkBytes[Count - 1 >> ChunkBits] -= slot.Data.Length + slot.Metadata.Length;
            _suppliedIds.TryRemove(slot.Id, out _);
            slot = default;
            Count--;
        }
    }

    private StreamIndex? FindStreamToWrite(StreamId id)
    {
        if (ReferenceEquals(_lastName, id.Value)) return _lastStream;
        (_lastName, _lastStream) = (id.Value, FindStream(id));
        return _lastStream;
    }

    private TypeIndex GetType(string name)
    {
        if (_lastType is { } last && last.Name == name) return last;
        return _lastType = _types.TryGetValue(name, out var known) ? known : _types.GetOrAdd(name, new TypeIndex(name));
    }

    private void AddTags(IReadOnlyList<Tag> tags, int position)
    {
        foreach (var tag in tags) _tags.GetOrAdd(tag, static _ => new()).Add(position);
    }

    private void AddId(Guid id, int position)
    {
        _suppliedIds[id] = position;
        _hasSuppliedIds = true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Guid NewId(long ticks, int position)
    {
        var id = _ids.Create(new(ticks, TimeSpan.Zero), position);
        return _hasSuppliedIds ? Unsupplied(id, ticks, position) : id;
    }

    // A caller may have guessed the id of a future event.
    private Guid Unsupplied(Guid id, long ticks, int position)
    {
        for (var timestamp = ticks; _suppliedIds.ContainsKey(id);)
            id = _ids.Create(new(timestamp += TimeSpan.TicksPerMillisecond, TimeSpan.Zero), position);
        return id;
    }

    private ref RecordedEvent Slot(int position) => ref _chunks[position - 1 >> ChunkBits][position - 1 & ChunkSize - 1];

    private ref RecordedEvent NewSlot(int position)
    {
        if (position == int.MaxValue) throw new StoreFullException("The in-memory log is full: it holds at most 2,147,483,646 events.");
        var chunk = position - 1 >> ChunkBits;
        if (chunk == _chunks.Length)
        {
            Array.Resize(ref _chunkBytes, Math.Max(4, chunk * 2));
            Array.Resize(ref _chunkHasErased, Math.Max(4, chunk * 2));
            Array.Resize(ref _chunks, Math.Max(4, chunk * 2));
        }

        _chunks[chunk] ??= new RecordedEvent[ChunkSize];
        return ref _chunks[chunk][position - 1 & ChunkSize - 1];
    }
}
