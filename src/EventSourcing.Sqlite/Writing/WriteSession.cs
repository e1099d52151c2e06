using System.Runtime.InteropServices;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>A connection of the writer's: judges and stores appends inside the transaction that the writer opened. Used by one thread at a time.</summary>
internal sealed class WriteSession : IDisposable
{
    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly NameTable _streams, _types, _tags, _contentTypes;
    private readonly StreamHeads _heads;
    private readonly EventIds _ids;
    private readonly PositionalIds _positionalIds;
    private readonly TokenTable _tokens;
    private readonly AppendFacts _facts;
    private readonly EventWriter _events;
    private readonly Sealer _sealer;
    private readonly Statement _begin, _commit, _rollback, _savepoint, _rollbackToSavepoint, _releaseSavepoint, _head, _lastTime, _schemaCookie;
    private readonly TagRuleSet _rules;
    private readonly KnownSchema _schema;
    private readonly CheckpointPace _pace;
    // Of the connection that user code is given; null on the other.
    private readonly ConnectionGuard? _guard;
    private bool _isUserRunning;
    // The version of the rules that this transaction brings into the file; null when they are there.
    private int? _storedRules;
    private long _headBefore;
    private long _knownDataVersion = -1;
    private long _nextPosition;
    private long _now;
    // One for each transaction: events of one commit were stored at one moment.
    private long _timestamp;
    private bool _isCurrent;
    private ResumeToken _last;
    private long _cookie = -1;

    internal WriteSession(Database database, KnownSchema schema, SqliteOptions options, PositionalIds ids, TagRuleSet rules)
    {
        (_database, _schema, _time, _rules) = (database, schema, options.TimeProvider, rules);
        _pace = new(database, options);
        _streams = new(database, Sql.Streams);
        _types = new(database, Sql.Types);
        _tags = new(database, Sql.Tags);
        _contentTypes = new(database, Sql.ContentTypes);
        _heads = new(database, _streams);
        _ids = new(database, ids, _heads, _types);
        _positionalIds = ids;
        _tokens = new(database);
        _facts = new(this, _heads, _ids, new(database, new(database), _streams, _types, _tags));
        _events = new(database, ids, _types, _tags, _contentTypes);
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
        _schemaCookie = database.Prepare(Sql.SchemaCookie);
        if (database.Connection is not null) _guard = new(database);
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

    /// <summary>True when the transaction has ended though nobody has committed it: SQLite ends it by itself at some errors (sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"), and user code can.</summary>
    internal bool HasEnded => _guard?.HasEnded ?? _database.IsAutoCommit;

    /// <summary>True when the connection is as good as new for the next work.</summary>
    internal bool IsReusable => _database.IsOpen && _guard is not { IsMarked: true };

    /// <summary>True when a savepoint cannot undo work that has failed: only giving the connection up does.</summary>
    internal bool IsLost => HasEnded || !IsReusable;

    /// <summary>True when another connection wrote between this transaction and the one before.</summary>
    internal bool OthersWrote { get; private set; }

    /// <summary>Takes the write lock and brings what is cached up to what is stored; false when another connection has the lock for longer than the busy timeout.</summary>
    internal bool TryBegin()
    {
        // The clock is the user's and may throw: nothing that can do so stands between the lock and the try.
        var now = Microseconds.SinceEpoch(_time.GetUtcNow());
        _guard?.Open();
        var code = _begin.TryRun();
        if (code != NativeMethods.Ok)
        {
            _guard?.Close();
            // A snapshot that this connection itself holds on to does not pass with time.
            return (code & 0xff) == NativeMethods.Busy && _database.ExtendedError != NativeMethods.BusySnapshot ? false : throw _database.Error(code);
        }

        try
        {
            (_now, HasSealed) = (now, false);
            OthersWrote = _isCurrent && _database.DataVersion != _knownDataVersion;
            if (_database.DataVersion != _knownDataVersion) Forget();
            if (!_isCurrent)
            {
                // What another connection made of the schema is looked at before anything of it is run.
                var cookie = _schemaCookie.Scalar(-1);
                _schema.ThrowIfChanged(_database, cookie);
                if (cookie != _cookie) Connections.ThrowIfOtherLog(_database, _positionalIds);
                _cookie = cookie;
                Load();
            }

            StoreTagRules();
        }
        catch
        {
            TryRollback();
            throw;
        }

        IsHalfWritten = false;
        FirstWritten = null;
        _headBefore = Head;
        _timestamp = Math.Max(_now, _timestamp);
        return true;
    }

    internal void Commit()
    {
        _commit.Run();
        // Other connections' commits show only at the next transaction: whatever changed since the last look is this one's own.
        _knownDataVersion = _database.DataVersion;
        _guard?.Close();
        _pace.Count();
        if (_storedRules is { } version) _rules.MarkStored(version);
        _storedRules = null;
    }

    /// <summary>Makes sure that a commit that failed elsewhere stays undone; false when its first event is there after all.</summary>
    /// <remarks>What that commit left in the write-ahead log, its commit mark included, would come back with the recovery after a crash.
    /// A commit of our own takes its place there, and once that is durable nothing of it can be read again.</remarks>
    internal bool TryRefute(long position, Guid id)
    {
        _begin.Run();
        var isStored = _ids.IdAt(position) == id;
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

    /// <summary>Ends the transaction, where there is one, without keeping anything of it; false when it could not be ended.</summary>
    internal bool TryRollback()
    {
        Forget();
        _guard?.Open();
        if (!_database.IsAutoCommit) _ = _rollback.TryRun();
        _guard?.Close();
        return _database.IsAutoCommit;
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
        catch when (!IsLost)
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

    /// <summary>Runs user code that has the connection: with triggers, and without means to end the transaction. Inside the transaction and <see cref="Isolated"/>.</summary>
    internal void RunUserCode(Action<SqliteConnection> work)
    {
        var cookie = _schemaCookie.Scalar(-1);
        Guarded(() => work(_database.Connection!), out var left);
        // At the end, too: what has happened since the last call of the log's is known by nothing else.
        ThrowIfEnded();
        if (left is not null) throw new InvalidOperationException($"The work returned before it disposed {left}: nothing of it is kept.");
        if (_database.ViolatesForeignKeys) throw new SqliteException("SQLite Error 19: 'FOREIGN KEY constraint failed'.", 19, 787);
        // Committed, it would be refused by all who open the file, and by the next append.
        if (_schemaCookie.Scalar(-1) != cookie) _schema.RefuseWrong(_database);
        CatchUp();
        // What the work appended first may have been undone, or be a row of its SQL.
        FirstWritten = Head > _headBefore && _ids.IdAt(_headBefore + 1) is { } id ? (_headBefore + 1, id) : null;
    }

    /// <exception cref="InvalidOperationException">The transaction has ended within its work.</exception>
    internal void ThrowIfEnded()
    {
        if (HasEnded)
            throw new InvalidOperationException(
                "The work ended the transaction or closed its connection, or SQLite rolled it back (OR ROLLBACK, RAISE(ROLLBACK), an error such as a full disk): nothing of it is kept.");
    }

    /// <summary>The library's own statements come, between those of user code.</summary>
    internal void LeaveUserCode()
    {
        if (_isUserRunning) _guard!.Leave();
    }

    /// <summary>User code goes on.</summary>
    internal void EnterUserCode()
    {
        if (_isUserRunning) _guard!.Enter();
    }

    /// <summary>Looks at what is stored anew when user code may have changed it: no count tells of what a savepoint took back.</summary>
    internal void CatchUpWithUser()
    {
        if (_isUserRunning) CatchUp();
    }

    // What the user's statements stored is sealed before anything is judged, as what another connection stored would be.
    private void CatchUp()
    {
        Forget();
        Load();
    }

    private void Guarded(Action work, out string? left)
    {
        _isUserRunning = true;
        _guard!.Enter();
        try
        {
            work();
        }
        catch (Exception e)
        {
            // Not in a finally block, which would run after the filters that ask what is left of the transaction.
            EndUserCode();
            if (e is SqliteException { SqliteErrorCode: NativeMethods.Auth } refusal && _guard.Refused is { } reason)
                throw new SqliteException($"{e.Message} A statement of the work was refused: {reason}.", refusal.SqliteErrorCode, refusal.SqliteExtendedErrorCode);
            throw;
        }

        left = EndUserCode();
    }

    private string? EndUserCode()
    {
        _isUserRunning = false;
        _guard!.Leave();
        return _guard.EndStatements();
    }

    /// <summary>Judges an append and stores what is to be stored of it.</summary>
    internal AppendResult Append(LogAppend append)
    {
        var parts = AppendJudge.Judge(append, _facts, out var result);
        if (parts == AppendParts.None) return result;
        IsHalfWritten = true;
        if ((parts & AppendParts.Events) != 0) result = Insert(append);
        if ((parts & AppendParts.Tracking) != 0)
            Records.TryPut(RecordKind.Tracking, append.Tracking!.Source, TrackingRecord.Of(append.Tracking).ToBytes(), null);
        if ((parts & AppendParts.Command) != 0)
            Records.TryPut(RecordKind.Command, append.CommandId!, CommandResult.Of(append, result).ToBytes(), null);
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
        // A command that is known answers with what its first append stored, which may have been other events, fewer or more of them.
        foreach (ref readonly var write in append.Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
            {
                if (e.Id is { } id) ids.Add(id);
                else if (!intended.WasDuplicate) ids.Add(_events.IdAt(positions[ids.Count].ToInt64(), _timestamp));
            }

        return new(ids, intended.FirstPosition, failure);
    }

    /// <summary>Makes the next transaction look at what is stored again.</summary>
    internal void Forget()
    {
        _heads.Clear();
        _streams.Clear();
        _types.Clear();
        _tags.Clear();
        _contentTypes.Clear();
        _isCurrent = false;
    }

    public void Dispose()
    {
        _guard?.Dispose();
        _database.Dispose();
    }

    // With the first write after a type map was handed over: opening a store writes nothing.
    private void StoreTagRules()
    {
        _storedRules = null;
        if (_rules.AreStored) return;
        var version = _rules.Version;
        _rules.Store(_database);
        _storedRules = version;
    }

    private void Load()
    {
        _head.Step();
        Head = _head.Int64(0);
        var isSealed = _head.IsNull(1);
        _head.Reset();
        Numbering.ThrowIfNoPosition(Head);
        _nextPosition = Head + 1;
        _timestamp = Math.Max(_now, _lastTime.Scalar(0));
        if (!isSealed)
        {
            _sealer.SealAll();
            HasSealed = true;
        }

        _isCurrent = true;
    }

    private AppendResult Insert(LogAppend append)
    {
        var writes = append.Writes.Span;
        var first = _nextPosition;
        if (writes.Length == 1) return new(Insert(writes[0]), GlobalPosition.FromInt64(first), _last, false);
        var ranges = new StreamRange[writes.Length];
        for (var i = 0; i < writes.Length; i++) ranges[i] = Insert(writes[i]);
        return new(ImmutableCollectionsMarshal.AsImmutableArray(ranges), GlobalPosition.FromInt64(first), _last, false);
    }

    /// <summary>The token of the event at a position, erased or not.</summary>
    internal ResumeToken TokenAt(long position) => _tokens.At(position);

    private StreamRange Insert(in StreamWrite write)
    {
        if (write.Events.IsEmpty)
        {
            var version = _heads.Of(write.StreamId).Version;
            return new(write.StreamId, version + 1, version, 0);
        }

        var stream = _heads.ToWrite(write.StreamId);
        var first = stream.Version + 1;
        foreach (ref readonly var e in write.Events.Span)
        {
            _last = _events.Write(e, _nextPosition, stream.Id, stream.Version + 1, _timestamp);
            FirstWritten ??= (_nextPosition, _last.EventId);
            stream.Version++;
            Head = _nextPosition++;
        }

        return new(write.StreamId, first, stream.Version, write.Events.Length);
    }
}
