using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Versioning;
using EventSourcing.Sqlite.Views;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>The transactions of one connection of the writer, one after the other: begin, commit, savepoints, and the caches that hold between them. Used by one thread at a time.</summary>
internal sealed class WriteTransaction : IDisposable
{
    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly NameTable _streams, _types, _tags, _contentTypes;
    private readonly StreamHeads _heads;
    private readonly EventIds _ids;
    private readonly PositionalIds _positionalIds;
    private readonly TokenTable _tokens;
    private readonly AppendFacts _facts;
    private readonly EventInserter _inserter;
    private readonly Sealer _sealer;
    private readonly Statement _begin, _commit, _rollback, _savepoint, _rollbackToSavepoint, _releaseSavepoint, _head, _lastTime, _schemaCookie;
    private readonly TagRuleSet _rules;
    private readonly KnownSchema _schema;
    private readonly CheckpointPace _pace;
    // Of the connection that user code is given; null on the other.
    private readonly LogGuard? _guard;
    private readonly UserWork? _userWork;
    // The version of the rules that this transaction brings into the file; null when they are there.
    private int? _storedRules;
    private InLogTransaction? _inline;
    private long _knownDataVersion = -1;
    private long _now;
    private bool _isCurrent;
    private long _cookie = -1;

    internal WriteTransaction(Database database, KnownSchema schema, SqliteOptions options, PositionalIds ids, TagRuleSet rules)
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
        _inserter = new(_heads, new(database, ids, _types, _tags, _contentTypes));
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
        if (database.Connection is null) return;
        _guard = new(database);
        _userWork = new(this, database, schema, _ids, _inserter, _schemaCookie, _guard);
    }

    /// <summary>The last position given, as of this transaction or, after it, of its commit.</summary>
    internal long Head => _inserter.Head;

    /// <summary>The same when this transaction began.</summary>
    internal long HeadBefore { get; private set; }

    internal RecordTable Records { get; }

    /// <summary>The views that take part in the transactions.</summary>
    internal required InLogViews Views { get; init; }

    /// <summary>True while an append is being written: an error then leaves rows behind that only a rollback removes.</summary>
    internal bool IsHalfWritten { get; private set; }

    /// <summary>Position and id of the first event written in this transaction; null when there is none.</summary>
    internal (long Position, Guid Id)? FirstWritten => _inserter.First;

    /// <summary>User code on this connection, inside the transaction and <see cref="Isolated"/>. Only where the connection is one for user code.</summary>
    internal UserWork UserWork => _userWork!;

    /// <summary>True when this transaction finalized events that were appended in SQL. They can be read after its commit.</summary>
    internal bool HasSealed { get; private set; }

    /// <summary>How long SQLite waits for another connection's locks.</summary>
    internal void BusyTimeout(TimeSpan timeout) => _database.BusyTimeout(timeout);

    /// <summary>True when the transaction has ended without a commit of the library: SQLite ends it by itself at some errors (sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"), and user code can.</summary>
    internal bool HasEnded => _guard?.HasEnded ?? _database.IsAutoCommit;

    /// <summary>True when the next work can use the connection.</summary>
    internal bool IsReusable => _database.IsOpen && _guard is not { IsMarked: true };

    /// <summary>True when a savepoint cannot undo work that has failed: only giving the connection up does.</summary>
    internal bool IsLost => HasEnded || !IsReusable;

    /// <summary>True when another connection wrote between this transaction and the one before.</summary>
    internal bool OthersWrote { get; private set; }

    /// <summary>Takes the write lock and brings what is cached up to what is stored; false when another connection has the lock for longer than the busy timeout.</summary>
    /// <remarks>Where inline views are far behind, several transactions are committed before the one that is left open.</remarks>
    internal bool TryBegin()
    {
        if (!TryBeginOnce()) return false;
        if (!Views.IsAny) return true;
        try
        {
            var hasSealed = HasSealed;
            while (!Inline.Prepare(_schemaCookie.Scalar(-1)))
            {
                Commit();
                if (!TryBeginOnce()) return false;
                hasSealed |= HasSealed;
            }

            HasSealed = hasSealed;
            return true;
        }
        catch
        {
            TryRollback();
            throw;
        }
    }

    private InLogTransaction Inline => _inline ??= new(_database, Records, _positionalIds, Views, () => Head, work => Isolated(() =>
    {
        work();
        return true;
    }));

    private bool TryBeginOnce()
    {
        // The clock is the user's and may throw: nothing that can do so stands between the lock and the try.
        var now = Microseconds.SinceEpoch(_time.GetUtcNow());
        _guard?.Open();
        var code = _begin.TryRun();
        if (code != NativeMethods.Ok)
        {
            _guard?.Close();
            // Waiting does not help when this connection itself holds the snapshot.
            return (code & 0xff) == NativeMethods.Busy && _database.ExtendedError != NativeMethods.BusySnapshot ? false : throw _database.Error(code);
        }

        try
        {
            (_now, HasSealed) = (now, false);
            OthersWrote = _isCurrent && _database.DataVersion != _knownDataVersion;
            if (_database.DataVersion != _knownDataVersion) InvalidateCaches();
            if (!_isCurrent)
            {
                // What another connection made of the schema is looked at before anything of it is run.
                var cookie = _schemaCookie.Scalar(-1);
                _schema.ThrowIfChanged(_database, cookie);
                if (cookie != _cookie) LogFacts.ThrowIfOtherLog(_database, _positionalIds);
                _cookie = cookie;
                RefreshState();
            }

            StoreTagRules();
        }
        catch
        {
            TryRollback();
            throw;
        }

        IsHalfWritten = false;
        _inserter.Begin(_now);
        HeadBefore = Head;
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
        InvalidateCaches();
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
            InvalidateCaches();
            _rollbackToSavepoint.Run();
            _releaseSavepoint.Run();
            RefreshState();
            IsHalfWritten = false;
            if (FirstWritten?.Position > Head) _inserter.First = null;
            throw;
        }
    }

    /// <summary>The connection's tables, for the seldom work of administration. Inside the transaction.</summary>
    internal T Administer<T>(Func<Database, T> work) => Isolated(() => work(_database));

    /// <summary>Reads the stored state again and finalizes events that SQL appended, as if another connection had written.</summary>
    internal void ReadAgain()
    {
        InvalidateCaches();
        RefreshState();
    }

    /// <summary>Runs the work of an inline view, after what every view has handled at the beginning of the transaction.</summary>
    internal void Run(Action<IInlineTransaction> work) => Isolated(() =>
    {
        work(Inline);
        return true;
    });

    /// <summary>Validates an append and stores its events and records, with what inline views make of them.</summary>
    internal AppendResult Append(LogAppend append) => Views.IsAny ? Isolated(() => StoreWithViews(append)) : Store(append);

    private AppendResult StoreWithViews(LogAppend append)
    {
        var head = Head;
        var result = Store(append);
        if (Head > head) Inline.Appended(head + 1);
        return result;
    }

    private AppendResult Store(LogAppend append)
    {
        var parts = AppendJudge.Judge(append, _facts, out var result);
        if (parts == AppendParts.None) return result;
        IsHalfWritten = true;
        if ((parts & AppendParts.Events) != 0) result = _inserter.Insert(append);
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
        ReadAgain();
        return erased;
    }

    /// <summary>The error of an append when it is not known whether it is stored.</summary>
    internal AppendOutcomeUnknownException Unknown(LogAppend append, AppendResult intended, Exception failure)
    {
        var ids = new List<Guid>(append.Count);
        var positions = intended.Positions;
        // A command that is known answers with what its first append stored, which may have been other events, fewer or more of them.
        foreach (ref readonly var write in append.Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
            {
                if (e.Id is { } id) ids.Add(id);
                else if (!intended.WasDuplicate) ids.Add(_inserter.IdAt(positions[ids.Count].ToInt64()));
            }

        return new(ids, intended.FirstPosition, failure);
    }

    /// <summary>Makes the next transaction look at what is stored again.</summary>
    internal void InvalidateCaches()
    {
        _heads.Clear();
        _streams.Clear();
        _types.Clear();
        _tags.Clear();
        _contentTypes.Clear();
        _isCurrent = false;
        if (_inline is not null) _inline.Undone();
        else Views.Undone();
    }

    public void Dispose()
    {
        _inline?.Close();
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

    private void RefreshState()
    {
        _head.Step();
        var head = _head.Int64(0);
        var isSealed = _head.IsNull(1);
        _head.Reset();
        _inserter.ContinueAfter(head, Math.Max(_now, _lastTime.Scalar(0)));
        if (!isSealed)
        {
            _sealer.SealAll();
            HasSealed = true;
        }

        _isCurrent = true;
    }

    /// <summary>The token of the event at a position, erased or not.</summary>
    internal ResumeToken TokenAt(long position) => _tokens.At(position);
}
