using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Reading;

/// <summary>A reader's connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class Reader : IDisposable
{
    // A page that finds little ends here, so that no snapshot lasts long.
    private const int ExaminedAtMost = 16_384;

    private readonly Database _database;
    private readonly PositionalIds _ids;
    private readonly NameTable _streams, _types, _tags;
    private readonly NameTable _contentTypes;
    private readonly TagIndex _tagIndex;
    private readonly TokenTable _tokens;
    private readonly RowReader _rows;
    private readonly PayloadArena _slab = new();
    private bool _isSealed;
    private int _reprepared;
    private Statement? _gapAt;
    private readonly Statement _head, _streamVersion, _findId, _eventAt, _logForward, _logBackward, _streamForward, _streamBackward, _dataVersion;

    internal Reader(Database database, PositionalIds ids)
    {
        (_database, _ids) = (database, ids);
        _streams = new(database, Sql.Streams);
        _types = new(database, Sql.Types);
        _tags = new(database, Sql.Tags);
        _tagIndex = new(database);
        _contentTypes = new(database, Sql.ContentTypes);
        _rows = new(_streams, _types, _tags, _contentTypes);
        _tokens = new(database);
        Records = new(database);
        _head = database.Prepare(Sql.Head);
        _streamVersion = database.Prepare(Sql.StreamVersion);
        _findId = database.Prepare(Sql.FindId);
        _eventAt = database.Prepare(Sql.EventAt);
        _logForward = database.Prepare(Sql.LogForward);
        _logBackward = database.Prepare(Sql.LogBackward);
        _streamForward = database.Prepare(Sql.StreamForward);
        _streamBackward = database.Prepare(Sql.StreamBackward);
        _dataVersion = database.Prepare(Sql.DataVersion);
    }

    internal RecordTable Records { get; }

    /// <summary>Changes when another connection has committed.</summary>
    internal long DataVersion() => _dataVersion.Scalar(0);

    /// <summary>The position up to which everything can be read.</summary>
    /// <param name="isSealed">False when events follow that are not finalized yet.</param>
    internal long Head(out bool isSealed)
    {
        var (head, _) = BeginSnapshot();
        isSealed = _head.IsNull(1);
        _head.Reset();
        return head;
    }

    /// <summary>Reads a page. The head statement stays on its row until then, which holds the snapshot for all other statements.</summary>
    /// <param name="read">What to read.</param>
    /// <param name="onlySealed">True: reads nothing and returns null when events are not finalized yet. False: the page ends before them.</param>
    internal SqlitePage? Read(LogRead read, bool onlySealed)
    {
        var (head, generation) = BeginSnapshot();
        _isSealed = _head.IsNull(1);
        if (onlySealed && !_isSealed)
        {
            _head.Reset();
            return null;
        }

        var page = new PageBuilder(read, head, generation, _slab);
        try
        {
            _tokens.Compare(read.Token, head);
            if (read is AllRead all) ReadLog(page, all);
            else if (read is StreamRead stream) ReadStream(page, stream);
            else ReadById(page, ((EventRead)read).EventId);
            if (read is RangeRead { IncludeToken: true } && page.Examined != 0) page.Token = page.LastToken ?? _tokens.At(page.Examined);
            return page.Build();
        }
        catch
        {
            page.Abandon();
            throw;
        }
        finally
        {
            _head.Reset();
        }
    }

    /// <summary>A page of the log's streams. The head statement stays on its row until then, as for a page of events.</summary>
    internal IReadOnlyList<StreamInfo> Streams(string? category, StreamId after, int max)
    {
        var (head, _) = BeginSnapshot();
        try
        {
            return LogCatalog.Streams(_database, category, after, max, head);
        }
        finally
        {
            _head.Reset();
        }
    }

    public void Dispose() => _database.Dispose();

    private (long Head, long Generation) BeginSnapshot()
    {
        _head.Step();
        if (_head.Reprepared != _reprepared) Forget();
        var head = _head.Int64(0);
        Numbering.ThrowIfNoPosition(head);
        // Events that are not finalized yet are not shown: every head ends before them.
        if (!_head.IsNull(1)) head = Math.Min(head, _head.Int64(1) - 1);
        return (head, _head.Int64(2));
    }

    // The cached values are valid for a log that only grows. A changed schema may mean that the whole content changed: an older state of the log was restored.
    private void Forget()
    {
        LogFacts.ThrowIfOtherLog(_database, _ids);
        ClearCaches();
        _reprepared = _head.Reprepared;
    }

    /// <summary>Forgets the names, which a transaction that is undone takes back.</summary>
    internal void ClearCaches()
    {
        _streams.Clear();
        _types.Clear();
        _tags.Clear();
        _contentTypes.Clear();
        _rows.Clear();
    }

    private void ReadById(PageBuilder page, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        if (_ids.TryGetPosition(id, out var position) && TryReadAt(page, position, id)) return;
        position = _findId.Bind(1, bytes).Scalar(0);
        if (position != 0) TryReadAt(page, position, id);
    }

    private bool TryReadAt(PageBuilder page, long position, Guid id)
    {
        if (position < 1 || position > page.Head || !_eventAt.Bind(1, position).Step()) return false;
        try
        {
            if (new Guid(_eventAt.Bytes(6), bigEndian: true) != id) return false;
            _rows.Read(_eventAt, position, _eventAt.Int64(2), page);
            return true;
        }
        finally
        {
            _eventAt.Reset();
        }
    }

    private void ReadStream(PageBuilder page, StreamRead read)
    {
        var stream = _streams.Find(read.StreamId.Value, out var floor);
        if (stream == 0) return;
        page.StreamVersion = Math.Max(floor, _isSealed ? _streamVersion.Bind(1, stream).Scalar(0) : SealedVersion(stream, page.Head));
        var (low, high) = read.Within(page.StreamVersion);
        var query = CompiledQuery.Compile(read.Query, _streams, _types, _tags);
        if (low > high || query.MatchesNone) return;
        page.Expect(Math.Min(high - low + 1, read.MaxCount));
        var statement = read.Direction == ReadDirection.Forward ? _streamForward : _streamBackward;
        Scan(statement.Bind(1, low).Bind(2, high).Bind(3, stream), page, query, low, high, floor);
    }

    private long SealedVersion(long stream, long head)
    {
        using var version = _database.PrepareOnce(Sql.StreamVersionThrough);
        return version.Bind(1, stream).Bind(2, head).Scalar(0);
    }

    private void ReadLog(PageBuilder page, AllRead read)
    {
        if (read.AfterPosition.ToInt64() > page.Head) throw new PositionOutOfRangeException(read.AfterPosition, GlobalPosition.FromInt64(page.Head));
        var (low, high) = read.Within(page.Head);
        var query = CompiledQuery.Compile(read.Query, _streams, _types, _tags);
        if (low <= high && !query.MatchesNone) ReadLog(page, read, query, low, high);
        page.ExaminedLog(high);
    }

    private void ReadLog(PageBuilder page, AllRead read, CompiledQuery query, long low, long high)
    {
        if (query.IsTagged)
        {
            ReadTagged(page, query, low, high);
            return;
        }

        page.Expect(Math.Min(high - low + 1, read.MaxCount));
        var statement = read.Direction == ReadDirection.Forward ? _logForward : _logBackward;
        Scan(statement.Bind(1, read.Direction == ReadDirection.Forward ? low : high), page, query, low, high);
    }

    private void Scan(Statement rows, PageBuilder page, CompiledQuery query, long low, long high, long? floor = null)
    {
        // Keys are consecutive, so rows that are lost with a damaged or swapped page of the file are found here.
        var (next, last, step) = page.Direction == ReadDirection.Forward ? (low, high, 1) : (high, low, -1);
        try
        {
            var examined = 0;
            for (var isRow = rows.Step(); isRow; isRow = rows.StepOn(), examined++)
            {
                var (position, version) = (rows.Int64(0), rows.Int64(2));
                var key = floor is null ? position : version;
                if (step > 0 ? key > last : key < last) break;
                if (key != next) RefuseHole(page, next, key - step, floor);
                next = key + step;
                if (page.IsFull || examined == ExaminedAtMost)
                {
                    page.ContinueAt(key);
                    return;
                }

                if (position <= page.Head)
                {
                    if (floor is not null) page.Examined = Math.Max(page.Examined, position);
                    if (query.MatchesAll || query.Matches(rows.Int64(15), rows.Int64(3), rows.Bytes(9), _streams)) _rows.Read(rows, position, version, page);
                }
                else if (page.Direction == ReadDirection.Forward)
                {
                    // Not finalized yet. In a backward read, finalized events follow it.
                    return;
                }

                if (key == last) return;
            }

            if (next != last + step) RefuseHole(page, next, last, floor);
        }
        finally
        {
            rows.Reset();
        }
    }

    // Erased events leave a gap of positions, and their versions under the stream's floor.
    private void RefuseHole(PageBuilder page, long from, long through, long? floor)
    {
        var (first, last) = (Math.Min(from, through), Math.Max(from, through));
        if (floor is { } erasedThrough)
        {
            if (last > erasedThrough) throw new StoreCorruptException($"versions {Math.Max(first, erasedThrough + 1)} to {last} are missing", $"stream '{((StreamRead)page.Read).StreamId}'");
            return;
        }

        _gapAt ??= _database.Prepare(Sql.GapAt);
        for (var erased = 0L; first <= last; first = erased + 1)
        {
            erased = _gapAt.Bind(1, first).Scalar(0);
            if (erased == 0) throw new StoreCorruptException("the event is missing", $"position {first}");
        }
    }

    // Each item seeks in the tag index separately. The nearest candidate of all items is the next event.
    private void ReadTagged(PageBuilder page, CompiledQuery query, long low, long high)
    {
        var direction = page.Direction;
        var step = direction == ReadDirection.Forward ? 1 : -1;
        var next = new long[query.Items.Length];
        for (var i = 0; i < next.Length; i++) next[i] = _tagIndex.Next(query.Items[i].Tags, step > 0 ? low : high, direction);
        for (var examined = 0; Nearest(next, step) is var position && position >= low && position <= high; examined++)
        {
            if (page.IsFull || examined == ExaminedAtMost)
            {
                page.ContinueAt(position);
                return;
            }

            if (_eventAt.Bind(1, position).Step())
            {
                try
                {
                    if (query.Matches(_eventAt.Int64(15), _eventAt.Int64(3), _eventAt.Bytes(9), _streams)) _rows.Read(_eventAt, position, _eventAt.Int64(2), page);
                }
                finally
                {
                    _eventAt.Reset();
                }
            }
            else
            {
                throw new StoreCorruptException("the event that the tag index leads to is missing", $"position {position}");
            }

            for (var i = 0; i < next.Length; i++)
                if (next[i] == position) next[i] = _tagIndex.Next(query.Items[i].Tags, position + step, direction);
        }
    }

    private static long Nearest(long[] candidates, int step)
    {
        var nearest = 0L;
        foreach (var candidate in candidates)
            if (candidate != 0 && (nearest == 0 || (step > 0 ? candidate < nearest : candidate > nearest))) nearest = candidate;
        return nearest;
    }
}
