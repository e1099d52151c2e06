using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>A connection of the writer's: judges and stores appends inside the transaction that the writer opened. Used by one thread at a time.</summary>
internal sealed class WriteSession : IDisposable
{
    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly NameTable _streams, _types, _tags;
    private readonly StreamHeads _heads;
    private readonly DuplicateCheck _duplicates;
    private readonly ConditionCheck _conditions;
    private readonly EventWriter _events;
    private readonly Sealer _sealer;
    private readonly Statement _begin, _commit, _rollback, _savepoint, _rollbackToSavepoint, _releaseSavepoint, _head, _lastTime;
    private readonly TagRuleSet _rules;
    private long _knownDataVersion = -1;
    private long _nextPosition;
    private long _now;
    // One for each transaction: events of one commit were stored at one moment.
    private long _timestamp;
    private bool _isCurrent;

    internal WriteSession(Database database, TimeProvider time, PositionalIds ids, TagRuleSet rules)
    {
        (_database, _time, _rules) = (database, time, rules);
        _streams = new(database, Sql.Streams);
        _types = new(database, Sql.Types);
        _tags = new(database, Sql.Tags);
        _heads = new(database, _streams);
        _duplicates = new(database, ids, _heads, _types);
        _conditions = new(database, new(database), _streams);
        _events = new(database, ids, _types, _tags);
        _sealer = new(database, _tags, rules);
        Records = new(database);
        _begin = database.Prepare(Sql.Begin);
        _commit = database.Prepare(Sql.Commit);
        _rollback = database.Prepare(Sql.Rollback);
        _savepoint = database.Prepare(Sql.Savepoint);
        _rollbackToSavepoint = database.Prepare(Sql.RollbackToSavepoint);
        _releaseSavepoint = database.Prepare(Sql.ReleaseSavepoint);
        _head = database.Prepare(Sql.Head);
        _lastTime = database.Prepare(Sql.LastTime);
    }

    /// <summary>The last position given, as of this transaction or, after it, of its commit.</summary>
    internal long Head { get; private set; }

    internal RecordTable Records { get; }

    /// <summary>True while an append is being written: an error then leaves rows behind that only a rollback removes.</summary>
    internal bool IsHalfWritten { get; private set; }

    /// <summary>Position and id of the first event written in this transaction; null when there is none.</summary>
    internal (long Position, Guid Id)? FirstWritten { get; private set; }

    /// <summary>True when this transaction sealed events that were appended in SQL: they can be read from its commit on.</summary>
    internal bool HasSealed { get; private set; }

    /// <summary>How long SQLite waits for another connection's locks.</summary>
    internal void BusyTimeout(TimeSpan timeout) => _database.BusyTimeout(timeout);

    /// <summary>True when another connection wrote between this transaction and the one before.</summary>
    internal bool OthersWrote { get; private set; }

    /// <summary>Takes the write lock and brings what is cached up to what is stored; false when another connection has the lock for longer than the busy timeout.</summary>
    internal bool TryBegin()
    {
        var code = _begin.TryRun();
        if ((code & 0xff) == Native.Busy) return false;
        if (code != Native.Ok) throw _database.Error(code);
        _now = Microseconds.SinceEpoch(_time.GetUtcNow());
        HasSealed = false;
        try
        {
            OthersWrote = _isCurrent && _database.DataVersion != _knownDataVersion;
            if (_database.DataVersion != _knownDataVersion) Forget();
            if (!_isCurrent) Load();
        }
        catch
        {
            Rollback();
            throw;
        }

        IsHalfWritten = false;
        FirstWritten = null;
        _timestamp = Math.Max(_now, _timestamp);
        return true;
    }

    internal void Commit()
    {
        _commit.Run();
        // Other connections' commits show only at the next transaction: whatever changed since the last look is this one's own.
        _knownDataVersion = _database.DataVersion;
    }

    /// <summary>Makes sure that a commit that failed elsewhere stays undone; false when its first event is there after all.</summary>
    /// <remarks>What that commit left in the write-ahead log, its commit mark included, would come back with the recovery after a crash.
    /// A commit of our own takes its place there, and once that is durable nothing of it can be read again.</remarks>
    internal bool TryRefute(long position, Guid id)
    {
        _begin.Run();
        var isStored = _duplicates.IdAt(position) == id;
        if (!isStored) _database.Execute(Sql.CountRefuted);
        Commit();
        return !isStored;
    }

    /// <summary>Brings the whole write-ahead log into the database file and fsyncs that; false when not all of it could be.</summary>
    internal bool TryCheckpoint()
    {
        var checkpoint = _database.Prepare(Sql.CheckpointAll);
        try
        {
            return checkpoint.Step() && checkpoint.Int64(0) == 0 && checkpoint.Int64(1) == checkpoint.Int64(2);
        }
        finally
        {
            checkpoint.Reset();
        }
    }

    /// <summary>Ends the transaction, where there is one, without keeping anything of it.</summary>
    internal void Rollback()
    {
        Forget();
        if (!_database.IsAutoCommit) _ = _rollback.TryRun();
    }

    /// <summary>Runs work that may throw after it wrote: nothing of it is kept then.</summary>
    internal T Isolated<T>(Func<T> work)
    {
        _savepoint.Run();
        try
        {
            var result = work();
            _releaseSavepoint.Run();
            return result;
        }
        catch when (_database.IsOpen && !_database.IsAutoCommit)
        {
            Forget();
            _rollbackToSavepoint.Run();
            _releaseSavepoint.Run();
            Load();
            IsHalfWritten = false;
            if (FirstWritten?.Position > Head) FirstWritten = null;
            throw;
        }
    }

    /// <summary>The connection's tables, for the seldom work of administration. Inside the transaction.</summary>
    internal T Administer<T>(Func<Database, T> work) => Isolated(() => work(_database));

    /// <summary>Writes the tag rules that are wanted. Inside the transaction.</summary>
    internal void StoreTagRules() => _rules.Store(_database);

    /// <summary>Runs user code that has the connection: with triggers, and without means to end the transaction. Inside the transaction.</summary>
    internal T RunUserCode<T>(Func<UserCode, T> work)
    {
        using var user = new UserCode(_database);
        return Isolated(() =>
        {
            var result = user.Run(() => work(user));
            if (user.IsEnded) throw new InvalidOperationException("The work ended the transaction or closed its connection: nothing of it is kept.");
            if (IsHalfWritten) throw new InvalidOperationException("An append of the work failed while it was written, and the work went on: nothing of it is kept.");
            if (_database.ViolatesForeignKeys) throw new SqliteException("SQLite Error 19: 'FOREIGN KEY constraint failed'.", 19, 787);
            CatchUp(user);
            return result;
        });
    }

    /// <summary>Judges an append between the statements of user code.</summary>
    internal AppendResult Append(UserCode user, LogAppend append) => user.Pause(() =>
    {
        CatchUp(user);
        return Append(append);
    });

    // What the user's statements stored is sealed before anything is judged, as what another connection stored would be.
    private void CatchUp(UserCode user)
    {
        if (!user.HasWritten()) return;
        Forget();
        Load();
    }

    /// <summary>Judges an append in the order of <see cref="IEventLog.AppendAsync"/>; when nothing stands against it, stores it.</summary>
    internal AppendResult Append(LogAppend append)
    {
        if (FindCommand(append) is { } repeated)
        {
            AdvanceTracking(append.Tracking);
            return repeated;
        }

        if (_duplicates.Find(append, Head) is { } stored) return Conclude(append, stored);
        if (IsTracked(append.Tracking)) return Nothing(append, wasDuplicate: true);
        JudgeVersions(append);
        JudgeCondition(append.Condition);
        IsHalfWritten = true;
        var result = Conclude(append, Insert(append));
        IsHalfWritten = false;
        return result;
    }

    /// <summary>Erases the events of a stream through a version. Their positions, versions and ids stay taken for ever.</summary>
    /// <returns>The number of events erased.</returns>
    internal long Erase(StreamId stream, long throughVersion, string reason)
    {
        var erased = new Eraser(_database).Erase(_streams.Find(stream.Value), stream, throughVersion, reason, _types);
        Forget();
        Load();
        return erased;
    }

    /// <summary>What the caller of an append hears when nobody knows whether it is stored.</summary>
    internal AppendOutcomeUnknownException Unknown(LogAppend append, AppendResult intended, Exception failure)
    {
        var ids = new List<Guid>(append.Count);
        var positions = intended.Positions;
        foreach (ref readonly var write in append.Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
                ids.Add(e.Id ?? _events.IdAt(positions[ids.Count].ToInt64(), _timestamp));
        return new(ids, intended.FirstPosition, failure);
    }

    /// <summary>Makes the next transaction look at what is stored again.</summary>
    internal void Forget()
    {
        _heads.Clear();
        _streams.Clear();
        _types.Clear();
        _tags.Clear();
        _isCurrent = false;
    }

    public void Dispose() => _database.Dispose();

    private void Load()
    {
        _head.Step();
        Head = _head.Int64(0);
        var isSealed = _head.IsNull(1);
        _head.Reset();
        _nextPosition = Head + 1;
        _timestamp = Math.Max(_now, _lastTime.Scalar(0));
        if (!isSealed)
        {
            _sealer.SealAll();
            HasSealed = true;
        }

        _isCurrent = true;
    }

    private AppendResult? FindCommand(LogAppend append)
    {
        if (append.CommandId is not { } commandId || !Records.TryGet(RecordKind.Command, commandId, out var record)) return null;
        var known = CommandResult.Parse(commandId, record.Value);
        return known.IsRepeatedBy(append.Fingerprint.Span) ? known.Result : throw new CommandReusedException(commandId, known.Result);
    }

    private AppendResult Conclude(LogAppend append, AppendResult result)
    {
        AdvanceTracking(append.Tracking);
        if (append.CommandId is { } commandId)
            Records.TryPut(RecordKind.Command, commandId, new CommandResult(append.Fingerprint, result).ToBytes(), null);
        return result;
    }

    private bool IsTracked(Tracking? tracking) =>
        tracking is not null
        && Records.TryGet(RecordKind.Tracking, tracking.Source, out var record)
        && tracking.Position <= BinaryPrimitives.ReadInt64LittleEndian(record.Value.Span);

    private void AdvanceTracking(Tracking? tracking)
    {
        if (tracking is null || IsTracked(tracking)) return;
        Span<byte> value = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(value, tracking.Position);
        Records.TryPut(RecordKind.Tracking, tracking.Source, value, null);
    }

    private void JudgeVersions(LogAppend append)
    {
        var mismatches = default(List<VersionMismatch>);
        foreach (ref readonly var write in append.Writes.Span) Judge(write.StreamId, write.Expected, ref mismatches);
        foreach (ref readonly var check in append.Checks.Span) Judge(check.StreamId, check.Expected, ref mismatches);
        if (mismatches is not null) throw new WrongExpectedVersionException(mismatches);
    }

    private void Judge(StreamId stream, ExpectedVersion expected, ref List<VersionMismatch>? mismatches)
    {
        if (expected == ExpectedVersion.Any) return;
        var actual = _heads.Of(stream).Version;
        if (expected.IsMetBy(actual)) return;
        var mismatch = new VersionMismatch(stream, expected, actual);
        if (mismatches?.Contains(mismatch) != true) (mismatches ??= []).Add(mismatch);
    }

    private void JudgeCondition(AppendCondition? condition)
    {
        if (condition is null) return;
        var after = condition.After.ToInt64();
        if (after > Head) throw new LogTruncatedException(condition.After, GlobalPosition.FromInt64(Head));
        var query = CompiledQuery.Compile(condition.FailIfEventsMatch, _streams, _types, _tags);
        var conflict = _conditions.FirstConflict(query, after, Head);
        if (conflict != 0) throw new AppendConditionFailedException(condition.FailIfEventsMatch, condition.After, GlobalPosition.FromInt64(conflict));
    }

    private AppendResult Insert(LogAppend append)
    {
        var writes = append.Writes.Span;
        var first = _nextPosition;
        if (append.Count == 0) return Nothing(append, wasDuplicate: false);
        if (writes.Length == 1) return new(Insert(writes[0]), GlobalPosition.FromInt64(first), GlobalPosition.FromInt64(Head), false);
        var ranges = new StreamRange[writes.Length];
        for (var i = 0; i < writes.Length; i++) ranges[i] = Insert(writes[i]);
        return new(ImmutableCollectionsMarshal.AsImmutableArray(ranges), GlobalPosition.FromInt64(first), GlobalPosition.FromInt64(Head), false);
    }

    private StreamRange Insert(in StreamWrite write)
    {
        if (write.Events.IsEmpty) return Unchanged(write.StreamId);
        var stream = _heads.ToWrite(write.StreamId);
        var first = stream.Version + 1;
        foreach (ref readonly var e in write.Events.Span)
        {
            var id = _events.Write(e, _nextPosition, stream.Id, stream.Version + 1, _timestamp);
            FirstWritten ??= (_nextPosition, id);
            stream.Version++;
            Head = _nextPosition++;
        }

        return new(write.StreamId, first, stream.Version, write.Events.Length);
    }

    private AppendResult Nothing(LogAppend append, bool wasDuplicate)
    {
        var ranges = ImmutableArray.CreateBuilder<StreamRange>(append.Writes.Length);
        foreach (ref readonly var write in append.Writes.Span) ranges.Add(Unchanged(write.StreamId));
        var head = GlobalPosition.FromInt64(Head);
        return new(ranges.MoveToImmutable(), head, head, wasDuplicate);
    }

    private StreamRange Unchanged(StreamId stream)
    {
        var version = _heads.Of(stream).Version;
        return new(stream, version + 1, version, 0);
    }
}
