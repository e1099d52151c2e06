using System.Globalization;
using EventSourcing.Serialization;
using EventSourcing.Sqlite.Internal;
using EventSourcing.Storage;
using EventSourcing.Storage.Internal;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>A log in one SQLite file, with the promises of <see cref="IEventLog"/>. Thread-safe. Several logs may be open on one file, in one process or in several on one machine.</summary>
public sealed class SqliteEventLog : IEventLog, ITaggingLog, ITracingLog
{
    private static readonly Func<Reader, LogRead, SqlitePage?> s_readSealed = static (reader, read) => reader.Read(read, onlySealed: true);
    private static readonly Func<Reader, int, (long Head, bool IsSealed)> s_head = static (reader, _) => (reader.Head(out var isSealed), isSealed);
    private static readonly Func<Reader, LogRead, SqlitePage?> s_readWhatIs = static (reader, read) => reader.Read(read, onlySealed: false);

    private readonly StoreFile _file;
    private readonly SqliteOptions _options;
    private readonly PositionalIds _ids;
    private readonly ReaderPool _readers;
    private readonly CommitSignal _signal = new();
    private readonly CommitWatcher _watcher;
    private readonly Writer? _writer;
    private int _disposed;

    private readonly TagRuleSet _rules;

    private SqliteEventLog(string path, SqliteOptions options, PositionalIds ids, TagRuleSet rules, WriteSession? session)
    {
        (_file, _options, _ids, _rules) = (new(path, options.TimeProvider), options, ids, rules);
        Reader OpenReader() => Connections.OpenReader(_file, options, ids);
        _readers = new(options.MaxReaders, _file, OpenReader);
        _watcher = new(_file, _signal, OpenReader, session is null ? null : SealAsync);
        _signal.Awaited += _watcher.Start;
        if (session is null) return;
        var own = new SessionSlot(_file, session, () => Connections.OpenSession(_file, options, ids, rules, forUserCode: false));
        var users = new SessionSlot(_file, null, () => Connections.OpenSession(_file, options, ids, rules, forUserCode: true));
        _writer = new(_file, options, own, users, _signal);
    }

    /// <summary>The file, as a full path with links resolved.</summary>
    public string Path => _file.Path;

    /// <summary>Opens a log, and creates file and tables where there are none.</summary>
    /// <param name="path">The file. Its directory exists.</param>
    /// <param name="options">How the log works; null for the defaults.</param>
    /// <exception cref="ArgumentException">The path is empty or names no file, or an option is out of range.</exception>
    /// <exception cref="StoreSchemaException">The file is no SQLite database, is one of something else, or has a newer schema. Nothing was changed.</exception>
    /// <exception cref="StoreUnavailableException">
    /// The file cannot be opened just now, or does not exist where it must; it lies on a network file system, where locks cannot be relied on; or the process has
    /// loaded a SQLite older than 3.51.3, which can damage a file that several connections use. Nothing was changed.
    /// </exception>
    /// <exception cref="StoreCorruptException">The file is damaged.</exception>
    /// <exception cref="StoreFullException">There is no room for the new file.</exception>
    /// <exception cref="StoreReadOnlyException">The file cannot be written.</exception>
    public static SqliteEventLog Open(string path, SqliteOptions? options = null)
    {
        options = (options ?? new()).Validated();
        SqliteLibrary.RefuseUnsafe();
        var file = Connections.Resolve(path, options);
        try
        {
            return options.ReadOnly ? OpenForReading(file, options) : OpenForWriting(file, options);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, file);
        }
    }

    /// <inheritdoc/>
    public string SystemName => "sqlite";

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(append);
        ThrowIfDisposed();
        append.Validate(_options.Limits);
        return Writable().AppendAsync(append, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        try
        {
            // Null: the page ended before events that were appended in SQL and lack their seal still.
            return await _readers.UseAsync(_writer is null ? s_readWhatIs : s_readSealed, read, cancellationToken).ConfigureAwait(false)
                ?? (await ReadAgainAsync(read, cancellationToken).ConfigureAwait(false))!;
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, Path);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        if (!Enum.IsDefined(kind)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of record.");
        try
        {
            return await _readers.UseAsync(
                static (reader, range) => reader.Records.Range(range.kind, range.from, range.through, range.max),
                (kind, from, through, max), cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, Path);
        }
    }

    /// <inheritdoc/>
    public async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        // Who follows the log waits again and again: the watch goes on in between, and nothing need be looked at here.
        if (_watcher.IsWatching && after.ToInt64() <= _signal.Published)
        {
            await _signal.WaitAsync(after.ToInt64(), cancellationToken).ConfigureAwait(false);
            return;
        }

        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Waits first and looks then, so that no commit falls in between.
        var stored = _signal.WaitAsync(after.ToInt64(), giveUp.Token);
        GlobalPosition head;
        try
        {
            head = await HeadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await StopWaitingAsync(stored, giveUp).ConfigureAwait(false);
            throw;
        }

        if (head == after)
        {
            await stored.ConfigureAwait(false);
            return;
        }

        await StopWaitingAsync(stored, giveUp).ConfigureAwait(false);
        if (head < after) throw new LogTruncatedException(after, head);
    }

    /// <inheritdoc/>
    public ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        ThrowIfDisposed();
        return Writable().TransactAsync(work, cancellationToken);
    }

    /// <summary>Runs a user's own SQL and appends in one transaction of the writer's: committed together, or nothing of it.</summary>
    /// <remarks>
    /// The work has the write lock, so every append of the process waits for it: it should be short. It sees what was stored before it, its
    /// appends are judged after its own statements, events that its SQL inserts into <c>events</c> included, and captured tables are heard.
    /// It cannot end the transaction; deferred foreign keys are judged at its end. Its errors are the call's, as they are.
    /// </remarks>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="work">Runs once, synchronously, on the writer's thread; must not call the log but through what it is given.</param>
    /// <param name="cancellationToken">Before the work is begun: nothing is done.</param>
    /// <exception cref="ArgumentException">The work is asynchronous, or its result is a task. Nothing was done.</exception>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    /// <exception cref="InvalidOperationException">The work ended the transaction or closed its connection: nothing of it is kept.</exception>
    public ValueTask<T> InSqliteTransactionAsync<T>(Func<SqliteLogTransaction, T> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        SynchronousDelegate.ThrowIfAsync(work, nameof(work));
        ThrowIfDisposed();
        return Writable().RunAsync(session => session.RunUserCode(user =>
        {
            var transaction = new SqliteLogTransaction(session, user, _options.Limits);
            try
            {
                return work(transaction);
            }
            finally
            {
                transaction.End();
            }
        }), isUserCode: true, cancellationToken);
    }

    ValueTask<T> IEventLog.TransactNativelyAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken) =>
        InSqliteTransactionAsync(work, cancellationToken);

    /// <summary>The fields of the payload that are columns of the view <c>events</c>, in the order in which they were promoted.</summary>
    public IReadOnlyList<string> Promoted => Look(EventsView.Promoted);

    /// <summary>Makes a field at the top of the payload's JSON a column of the view <c>events</c>, found by index: for all events, those stored before included. Blocks until it is done; said again, it does nothing.</summary>
    /// <remarks>The column has text, numbers (those of 19 characters and more as their JSON text) and booleans (1 and 0); objects, arrays and payloads that are no JSON have NULL. Appends wait while the index is built.</remarks>
    /// <param name="field">The property's name as stored: ASCII letters, digits and <c>_ - . $ @ :</c> and blank, at most 128; no name of a column of the view.</param>
    /// <exception cref="ArgumentException">The name is not valid, or differs from a promoted one by case only.</exception>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public void Promote(string field)
    {
        ArgumentNullException.ThrowIfNull(field);
        EventsView.ThrowIfInvalid(field);
        Administer(database => EventsView.Promote(database, field));
    }

    /// <summary>The opt-in indexes that the log has.</summary>
    public IReadOnlyList<EventIndex> Indexes => Look(OptionalIndexes.Read);

    /// <summary>Adds an opt-in index, for all events, those stored before included. Blocks until it is done; said again, it does nothing.</summary>
    /// <param name="index">The index.</param>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public void AddIndex(EventIndex index)
    {
        if (!Enum.IsDefined(index)) throw new ArgumentOutOfRangeException(nameof(index), index, "No such index.");
        Administer(database => OptionalIndexes.Add(database, index));
    }

    /// <summary>The tables whose changes become events, by name; each says whether it still does.</summary>
    public IReadOnlyList<TableCapture> Captures => Look(TableCaptures.Read);

    /// <summary>Makes every change of a table in the same file an event, appended in the transaction that changes the table, whoever runs it. Kept in the file; said again, it replaces what was said for the table. Blocks until it is done.</summary>
    /// <remarks>
    /// An insert's event has the new values, a delete's the old, an update's both: <c>{"old":{…},"new":{…}}</c>. BLOBs are written as hexadecimal
    /// text. <see cref="SqliteOptions.Limits"/> do not hold for these events: what the user's table takes, the log takes; leave large columns out.
    /// <c>REPLACE</c> on a captured table emits no delete for the rows it replaces unless its connection has set
    /// <c>PRAGMA recursive_triggers = ON</c> (sqlite.org/lang_conflict.html). A change of the table's columns shows in <see cref="TableCapture.Problem"/>; capture the table again to take it up.
    /// </remarks>
    /// <param name="table">An ordinary table of the user's, case aside.</param>
    /// <param name="configure">Chooses stream, types and columns; null for the defaults.</param>
    /// <exception cref="ArgumentException">There is no such table or column, a name is not valid, or the delegate is asynchronous. Nothing was changed.</exception>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public void CaptureTable(string table, Action<TableCaptureBuilder>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        if (configure is not null) SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        var builder = new TableCaptureBuilder();
        configure?.Invoke(builder);
        Administer(database =>
        {
            TableCaptures.Add(database, table, builder);
            return true;
        });
    }

    /// <summary>Ends the capture of a table; its events stay. Blocks until it is done.</summary>
    /// <param name="table">The table, case aside; it may be gone.</param>
    /// <returns>False when it was not captured.</returns>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public bool RemoveCapture(string table)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        return Administer(database => TableCaptures.Remove(database, table));
    }

    /// <inheritdoc/>
    public void UseTagRules(IReadOnlyCollection<EventType> types)
    {
        ArgumentNullException.ThrowIfNull(types);
        ThrowIfDisposed();
        _rules.Add(types);
        if (_writer is null || Look(_rules.AreStoredIn)) return;
        Run(static session =>
        {
            session.StoreTagRules();
            return true;
        });
    }

    /// <inheritdoc/>
    async ValueTask<IReadOnlyList<GlobalPosition>?> ITracingLog.FindTraceAsync(string id, GlobalPosition? first, int max, CancellationToken cancellationToken)
    {
        // Events that SQL appended are sealed by now.
        var head = await HeadAsync(cancellationToken).ConfigureAwait(false);
        return Look(database => TraceSearch.Find(database, id, first, max, head, cancellationToken));
    }

    /// <summary>Examines the whole file: SQLite's own structures, the checksum of every event, name and record, that no position and no version is missing, and that the indexes of tags and ids say what the events say.</summary>
    /// <remarks>
    /// Others may read and append meanwhile. Memory is bounded by pages, never by the log; time follows the size of the file. SQLite's own check runs in one
    /// snapshot, during which the write-ahead log grows with what is appended; all else runs in short ones. Damage does not end the examination. Events cut off
    /// at the log's end are seen only by what still points to them: a checkpoint beyond the head is a <see cref="LogTruncatedException"/> where it is used.
    /// </remarks>
    /// <param name="cancellationToken">Ends the examination.</param>
    /// <exception cref="StoreUnavailableException">The file could not be read just now, which says nothing of its content.</exception>
    public async ValueTask<Verification> VerifyAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return await Task.Run(() => Verify(cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finishes what is queued, ends every wait with <see cref="ObjectDisposedException"/> and closes the file. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        var first = Interlocked.Exchange(ref _disposed, 1) == 0;
        if (_writer is not null) await _writer.DisposeAsync().ConfigureAwait(false);
        if (!first) return;
        _signal.Close();
        await _watcher.DisposeAsync().ConfigureAwait(false);
        _readers.Dispose();
    }

    private static SqliteEventLog OpenForReading(string path, SqliteOptions options)
    {
        using var database = Database.Reader(path, readOnly: true);
        database.BusyTimeout(options.BusyTimeout);
        SchemaVersion.Check(database, path);
        return new(path, options, Connections.IdsOf(database), new(), null);
    }

    private static SqliteEventLog OpenForWriting(string path, SqliteOptions options)
    {
        var database = Database.Writer(path, options.MustExist);
        try
        {
            database.BusyTimeout(options.BusyTimeout);
            SchemaVersion.CreateOrCheck(database, path, options);
            var ids = Connections.IdsOf(database);
            var rules = new TagRuleSet();
            return new(path, options, ids, rules, Connections.SessionOn(database, path, options, ids, rules));
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static async ValueTask StopWaitingAsync(Task waiting, CancellationTokenSource giveUp)
    {
        await giveUp.CancelAsync().ConfigureAwait(false);
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async ValueTask<SqlitePage?> ReadAgainAsync(LogRead read, CancellationToken cancellationToken)
    {
        await SealAsync(cancellationToken).ConfigureAwait(false);
        return await _readers.UseAsync(s_readWhatIs, read, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Has the writer seal what was appended in SQL. Where it cannot just now, reads end before it, as those of a read-only log do.</summary>
    private async ValueTask SealAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Every transaction of the writer begins with it.
            await Writable().RunAsync(static _ => 0, isUserCode: false, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreFullException or StoreReadOnlyException)
        {
            // The next writer of an event hears of it.
        }
    }

    private async ValueTask<GlobalPosition> HeadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (head, isSealed) = await _readers.UseAsync(s_head, 0, cancellationToken).ConfigureAwait(false);
            if (!isSealed && _writer is not null)
            {
                await SealAsync(cancellationToken).ConfigureAwait(false);
                (head, _) = await _readers.UseAsync(s_head, 0, cancellationToken).ConfigureAwait(false);
            }

            return GlobalPosition.FromInt64(head);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, Path);
        }
    }

    private T Look<T>(Func<Database, T> look)
    {
        ThrowIfDisposed();
        try
        {
            using var database = Connections.OpenForReading(_file, _options);
            return look(database);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, Path);
        }
    }

    private Verification Verify(CancellationToken cancellationToken)
    {
        try
        {
            using var database = Connections.OpenForReading(_file, _options);
            return new Verifier(database, _ids, cancellationToken).Run();
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, Path);
        }
    }

    private T Administer<T>(Func<Database, T> work)
    {
        ThrowIfDisposed();
        return Run(session => session.Administer(work));
    }

    // Administration blocks its caller as opening does. The writer's thread does the work and needs nothing of the caller's.
    private T Run<T>(Func<WriteSession, T> work) =>
        Writable().RunAsync(work, isUserCode: false, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private Writer Writable() => _writer ?? throw new StoreReadOnlyException($"'{Path}' was opened for reading only. Nothing was written.");

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed != 0, this);
}
