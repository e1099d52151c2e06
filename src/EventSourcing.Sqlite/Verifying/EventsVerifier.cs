using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Reading;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Verifying;

/// <summary>Examines events in the order of their positions: their checksums and names, that none is missing, and that their indexes know them.</summary>
internal sealed class EventsVerifier(Database database, PositionalIds? ids, IssueList issues, long head)
{
    private readonly RowReader _rows = new(new(database, Sql.Streams), new(database, Sql.Types), new(database, Sql.Tags), new(database, Sql.ContentTypes));
    private readonly Statement _events = database.Prepare(Sql.LogForward);
    private readonly Statement _isUnsealed = database.Prepare(Sql.IsUnsealed);
    private readonly Statement _gapAt = database.Prepare(Sql.GapAt);
    private readonly Statement _gapAfter = database.Prepare(Sql.GapAfter);
    private readonly HashSet<string> _names = [];
    private readonly PayloadArena _slab = new();
    private Statement? _findId, _isTagged;
    private bool _idsAreReadable = true, _tagsAreReadable = true;
    private long _next = 1;
    private long _lastTime;

    internal long Examined { get; private set; }

    internal long Unsealed { get; private set; }

    /// <summary>Examines a page; false when it was the last.</summary>
    internal bool CheckPage(int rows)
    {
        // Uses the row reader of every read, so that both validate alike. A separate page takes the copies.
        var page = new PageBuilder(new AllRead { MaxCount = rows, ReuseBuffers = true }, head, generation: 0, _slab);
        try
        {
            _events.Bind(1, _next);
            while (!page.IsFull && rows-- > 0)
            {
                if (!_events.Step() || _events.Int64(0) > head) return false;
                Check(page);
            }

            return true;
        }
        finally
        {
            _events.Reset();
            page.Abandon();
        }
    }

    /// <summary>Examines what should lie between the last event found and the head.</summary>
    internal void CheckTail() => CheckMissing(head);

    private void Check(PageBuilder page)
    {
        var position = _events.Int64(0);
        CheckMissing(position - 1);
        _next = position + 1;
        Examined++;
        if (_events.IsNull(10) && _isUnsealed.Bind(1, position).Scalar(0) != 0)
        {
            Unsealed++;
            return;
        }

        try
        {
            _rows.Read(_events, position, _events.Int64(2), page);
        }
        catch (StoreCorruptException e)
        {
            // A name that is missing or damaged is reported once, not for each of its events.
            if (e.Where == Place(position)) issues.Add(e.What, e.Where);
            else if (_names.Add(e.Where)) issues.Add($"{e.What}; {Place(position)} needs it", e.Where);
            return;
        }

        var time = _events.Int64(4);
        if (time < _lastTime) issues.Add("its time is earlier than that of the event before", Place(position));
        _lastTime = time;
        if (_idsAreReadable) _idsAreReadable = TryCheck(CheckId, position);
        if (_tagsAreReadable) _tagsAreReadable = TryCheck(CheckTags, position);
    }

    // An index that SQLite cannot read is an issue of its own part; the events are examined all the same.
    private static bool TryCheck(Action<long> check, long position)
    {
        try
        {
            check(position);
            return true;
        }
        catch (SqliteException e) when (SqliteErrors.IsDamage(e))
        {
            return false;
        }
    }

    private void CheckMissing(long through)
    {
        while (_next <= through)
        {
            var erasedThrough = _gapAt.Bind(1, _next).Scalar(0);
            if (erasedThrough == 0)
            {
                var last = Math.Min(through, _gapAfter.Bind(1, _next).Scalar(long.MaxValue) - 1);
                issues.Add(_next == last ? "the event is missing" : $"the events through position {last} are missing", Place(_next));
                erasedThrough = last;
            }

            _next = erasedThrough + 1;
        }
    }

    private void CheckId(long position)
    {
        var bytes = _events.Bytes(6);
        // Without the key of the log's own ids, which is an issue of its own, the ids cannot be verified.
        if (ids is not { } own || (own.TryGetPosition(new Guid(bytes, bigEndian: true), out var positional) && positional == position)) return;
        _findId ??= database.Prepare(Sql.FindId);
        var found = _findId.Bind(1, bytes).Scalar(0);
        if (found == 0) issues.Add("its id is not in the id index", Place(position));
        else if (found != position) issues.Add($"its id leads to position {found}", Place(position));
    }

    private void CheckTags(long position)
    {
        _isTagged ??= database.Prepare(Sql.IsTagged);
        var tags = _events.Bytes(9);
        while (Varint.TryRead(ref tags, out var tag))
            if (_isTagged.Bind(1, tag).Bind(2, position).Scalar(0) == 0) issues.Add($"its tag {tag} is not in the tag index", Place(position));
    }

    private static string Place(long position) => $"position {position}";
}
