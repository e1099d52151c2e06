using EventSourcing.Internal;
using EventSourcing.Sqlite.Backup;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.OpenLog;
using EventSourcing.Sqlite.Reading;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Verifying;
using EventSourcing.Sqlite.Versioning;
using EventSourcing.Sqlite.Views;
using EventSourcing.Sqlite.Waiting;
using EventSourcing.Sqlite.Writing;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>A log in one SQLite file, with the promises of <see cref="IEventLog"/>. Thread-safe. Several logs may be open on one file, in one process or in several on one machine.</summary>
public sealed class SqliteEventLog : IEventLog, IUserTransactions<SqliteLogTransaction>, ITaggingLog, ITracingLog, ILogCatalog, IInlineViews
{
    private static readonly Func<Reader, LogRead, SqlitePage?> s_readSealed = static (reader, read) => reader.Read(read, onlySealed: true);
    private static readonly Func<Reader, int, (long Head, bool IsSealed)> s_head = static (reader, _) => (reader.Head(out var isSealed), isSealed);
    private static readonly Func<Reader, LogRead, SqlitePage?> s_readWhatIs = static (reader, read) => reader.Read(read, onlySealed: false);

    private readonly StoreFile _file;
    private readonly SqliteOptions _options;
    private readonly ReaderPool _readers;
    private readonly CommitSignal _signal = new();
    private readonly CommitWatcher _watcher;
    private readonly LongWork _longWork = new();
    private readonly Writer? _writer;
    private readonly Disposal _disposal = new();

    private readonly TagRuleSet _rules;
    private readonly SqliteViewStorage _views;
    private readonly InLogStorage _viewsInLog;
    private readonly InLogViews _inlineViews;

    private SqliteEventLog(StoreFile file, KnownSchema schema, SqliteOptions options, PositionalIds ids, TagRuleSet rules, InLogViews views, WriteTransaction? transaction)
    {
        (_file, _options, _rules) = (file, options, rules);
        _views = new(file.Path, options.ReadOnly);
        (_viewsInLog, _inlineViews) = (new(file.Path, options.ReadOnly), views);
        Reader OpenReader() => ReaderConnections.OpenReader(file, schema, options, ids);
        _readers = new(options.MaxReaders, _file, OpenReader);
        _watcher = new(_file, _signal, OpenReader, transaction is null ? null : token => Writable().TrySealAsync(token));
        _signal.Awaited += _watcher.Start;
        if (transaction is null) return;
        var own = new ConnectionSlot(_file, transaction, () => WriterConnections.Open(file, schema, options, ids, rules, views, forUserCode: false));
        var users = new ConnectionSlot(_file, null, () => WriterConnections.Open(file, schema, options, ids, rules, views, forUserCode: true));
        _writer = new(_file, options, own, users, _signal, new(new OtherProcesses(_file).HaveFileOpen), Writer.StartThread);
        views.Guard = _writer.Work;
    }

    /// <summary>The file, as a full path with links resolved.</summary>
    public string Path => _file.Path;

    /// <summary>Opens a log, creates file and tables where there are none, and migrates a log of an older schema in one transaction. The duration does not depend on the number of events. A migration cannot be undone: make a backup first.</summary>
    /// <param name="path">The file. Every symbolic link of the path is followed. Its directory has to exist: only the file is created.</param>
    /// <param name="options">How the log works; null for the defaults.</param>
    /// <exception cref="ArgumentException">The path is empty, is too long (504 bytes of UTF-8 on Linux and macOS) or is a connection string, a URI or <c>:memory:</c>, or an option is out of range.</exception>
    /// <exception cref="StoreConfigurationException">
    /// The path is a directory; the file does not exist where it must; its directory does not exist or may not be entered; it has several names (hard links), is mounted by itself, or lies on a network file
    /// system, where locks cannot be relied on; its write-ahead log was removed while a process has it open, or is there without it; with <see cref="SqliteOptions.ReadOnly"/>, SQLite cannot make the files
    /// that it needs beside it; two options contradict each other; or the process has loaded a SQLite older than 3.51.3, which can damage a file that several connections use. Nothing was changed.
    /// </exception>
    /// <exception cref="StoreUnavailableException">Another connection had the file locked for longer than <see cref="SqliteOptions.BusyTimeout"/>, or it could not be read or written this time. Nothing was changed.</exception>
    /// <exception cref="StoreSchemaException">The file is no SQLite database, is one of something else, has a newer schema or, with <see cref="SqliteOptions.ReadOnly"/>, an older one, or has a part of the log's schema that is not as the library makes it. Nothing was changed.</exception>
    /// <exception cref="StoreCorruptException">The file is damaged.</exception>
    /// <exception cref="StoreFullException">There is no room for the new file.</exception>
    /// <exception cref="StoreReadOnlyException">The file, or its directory, cannot be written. Nothing was written.</exception>
    public static SqliteEventLog Open(string path, SqliteOptions? options = null)
    {
        options = (options ?? new()).Validated();
        SqliteLibrary.RefuseUnsafe();
        var file = LogPath.Resolve(path, options.ReadOnly || options.MustExist);
        return options.ReadOnly ? OpenForReading(file, options) : OpenForWriting(file, options);
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
            // Null: the page ended before events that were appended in SQL and are not finalized yet.
            return await _readers.UseAsync(_writer is null ? s_readWhatIs : s_readSealed, read, cancellationToken).ConfigureAwait(false)
                ?? (await ReadAgainAsync(read, cancellationToken).ConfigureAwait(false))!;
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.TranslateReading(e, Path);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        if (!Enum.IsDefined(kind)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of record.");
        try
        {
            return await _readers.UseAsync(
                static (reader, range) => reader.Records.Page(range.kind, range.from, range.through, range.max, LogRead.DefaultMaxBytes),
                (kind, from, through, max), cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.TranslateReading(e, Path);
        }
    }

    /// <inheritdoc/>
    public async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        _writer?.Work.ThrowIfInside();
        cancellationToken.ThrowIfCancellationRequested();
        // A call that follows the log waits again and again. While the watch runs, the file need not be read here.
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
        if (head < after) throw new PositionOutOfRangeException(after, head);
    }

    /// <inheritdoc/>
    public ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken) => WriteAsync(write, null, cancellationToken);

    ValueTask<LogWritten> IUserTransactions<SqliteLogTransaction>.WriteAsync(LogWrite write, Action<SqliteLogTransaction> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        SynchronousDelegate.ThrowIfAsync(work, nameof(work));
        return WriteAsync(write, work, cancellationToken);
    }

    /// <summary>Runs the user's own SQL and appends in one transaction of the writer: all of it is committed, or nothing.</summary>
    /// <remarks>
    /// The work has the write lock, so every append of the process waits for it: it should be short. It sees everything that was stored before it.
    /// Its appends are validated after its own statements, including events that its SQL inserts into <c>events</c>. Changes of captured tables become events.
    /// It cannot end the transaction. Deferred foreign keys are checked at the commit. The call throws the exceptions of the work unchanged. The work runs on another
    /// thread, with the execution context of its caller (<see cref="EventContext"/>, activity, culture). See <see cref="SqliteLogTransaction.Connection"/> for what the connection allows.
    /// </remarks>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="work">Runs once, synchronously, on the writer's thread; must call the log only through its argument.</param>
    /// <param name="cancellationToken">Cancels only before the work starts. Then nothing is done.</param>
    /// <exception cref="ArgumentException">The work is asynchronous, or its result is a task. Nothing was done.</exception>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    /// <exception cref="InvalidOperationException">
    /// The transaction ended within the work (OR ROLLBACK, RAISE(ROLLBACK), a full disk), the work closed its connection or left a reader or a blob open: nothing of
    /// it is kept. Or the call is made inside the work of a transaction of this log: nothing was done.
    /// </exception>
    public async ValueTask<T> InSqliteTransactionAsync<T>(Func<SqliteLogTransaction, T> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        SynchronousDelegate.ThrowIfAsync(work, nameof(work));
        var result = default(T)!;
        await WriteAsync(LogWrite.Empty, transaction => result = SynchronousDelegate.NotAwaited(work(transaction), nameof(work)), cancellationToken).ConfigureAwait(false);
        return result;
    }

    /// <summary>The computed columns of the view <c>events</c>: fields of the payload, in the order in which they were added.</summary>
    /// <param name="cancellationToken">Cancels only before the file is read.</param>
    public ValueTask<IReadOnlyList<string>> GetComputedColumnsAsync(CancellationToken cancellationToken = default) => LookAsync<IReadOnlyList<string>>(EventsView.Columns, cancellationToken);

    /// <summary>Adds a column to the view <c>events</c> whose value is a top-level field of the payload's JSON, with an index. It holds for all events, stored ones included. Persistent. Calling it again changes nothing.</summary>
    /// <remarks>The column has text, numbers (those of 19 characters and more as their JSON text) and booleans (1 and 0); objects, arrays and payloads that are no JSON have NULL. Appends wait while the index is built.</remarks>
    /// <param name="field">The property's name as stored: ASCII letters, digits and <c>_ - . $ @ :</c> and blank, at most 128; no name of a column of the view.</param>
    /// <param name="cancellationToken">Cancels only before the change starts. Then nothing is done.</param>
    /// <exception cref="ArgumentException">The name is not valid, or differs from that of another column by case only.</exception>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public async ValueTask AddComputedColumnAsync(string field, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(field);
        EventsView.ThrowIfInvalid(field);
        await AdministerAsync(database => EventsView.AddColumn(database, field), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The optional indexes that the log has.</summary>
    /// <param name="cancellationToken">Cancels only before the file is read.</param>
    public ValueTask<IReadOnlyList<EventIndex>> GetIndexesAsync(CancellationToken cancellationToken = default) => LookAsync<IReadOnlyList<EventIndex>>(OptionalIndexes.Read, cancellationToken);

    /// <summary>Adds an optional index over all events, stored ones included. Persistent. Calling it again changes nothing. Appends wait while it is built.</summary>
    /// <param name="index">The index.</param>
    /// <param name="cancellationToken">Cancels only before the change starts. Then nothing is done.</param>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public async ValueTask AddIndexAsync(EventIndex index, CancellationToken cancellationToken = default)
    {
        if (!Enum.IsDefined(index)) throw new ArgumentOutOfRangeException(nameof(index), index, "No such index.");
        await AdministerAsync(database => OptionalIndexes.Add(database, index), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The captured tables, by name, with what has changed since (<see cref="TableCapture.Problem"/>).</summary>
    /// <param name="cancellationToken">Cancels only before the file is read.</param>
    public ValueTask<IReadOnlyList<TableCapture>> GetCapturesAsync(CancellationToken cancellationToken = default) => LookAsync<IReadOnlyList<TableCapture>>(TableCaptures.Read, cancellationToken);

    /// <summary>Creates triggers that append an event for every INSERT, UPDATE and DELETE on a table of this database, in the same transaction, whichever program changes it. Persistent. Calling it again replaces the configuration.</summary>
    /// <remarks>
    /// An insert's event has the new values, a delete's the old, an update's both: <c>{"old":{…},"new":{…}}</c>. BLOBs are written as hexadecimal
    /// text. <see cref="SqliteOptions.Limits"/> do not hold for these events: what the user's table takes, the log takes; leave large columns out.
    /// <c>REPLACE</c> on a captured table emits no delete for the rows it replaces unless its connection has set
    /// <c>PRAGMA recursive_triggers = ON</c> (sqlite.org/lang_conflict.html). A change of the table's columns shows in <see cref="TableCapture.Problem"/>; capture the table again to take it up.
    /// </remarks>
    /// <param name="table">An ordinary table of the user's, case aside.</param>
    /// <param name="configure">Chooses stream, types and columns; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels only before the change starts. Then nothing is done.</param>
    /// <exception cref="ArgumentException">There is no such table or column, a name is not valid, or the delegate is asynchronous. Nothing was changed.</exception>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public async ValueTask CaptureTableAsync(string table, Action<TableCaptureBuilder>? configure = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        if (configure is not null) SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        var builder = new TableCaptureBuilder();
        configure?.Invoke(builder);
        await AdministerAsync(
            database =>
            {
                TableCaptures.Add(database, table, builder);
                return true;
            }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes the triggers of a captured table. Its events stay.</summary>
    /// <param name="table">The table, case aside; it may be gone.</param>
    /// <param name="cancellationToken">Cancels only before the change starts. Then nothing is done.</param>
    /// <returns>False when it was not captured.</returns>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public async ValueTask<bool> RemoveCaptureAsync(string table, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(table);
        return await AdministerAsync(database => TableCaptures.Remove(database, table), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void UseTagRules(IReadOnlyCollection<EventType> types)
    {
        ArgumentNullException.ThrowIfNull(types);
        ThrowIfDisposed();
        _rules.Add(types);
    }

    /// <summary>Which event types <c>INSERT INTO events</c> takes. Default: <see cref="SqlInsertPolicy.AnyType"/>.</summary>
    /// <param name="cancellationToken">Cancels only before the file is read.</param>
    public ValueTask<SqlInsertPolicy> GetSqlInsertPolicyAsync(CancellationToken cancellationToken = default) => LookAsync<SqlInsertPolicy>(EventsView.Policy, cancellationToken);

    /// <summary>Sets which event types <c>INSERT INTO events</c> takes, whichever program runs it. Persistent: kept in the file. Tables that are captured are not affected.</summary>
    /// <remarks>
    /// A file knows the types, and their aliases, of every type map that a store was opened with and has written with, as it knows the tag rules; <see cref="GetKnownEventTypesAsync"/> lists them. Events of other types that were inserted
    /// before stay: a map reads them by an alias of one of its types, or with a type of their own.
    /// </remarks>
    /// <param name="policy">The policy.</param>
    /// <param name="cancellationToken">Cancels only before the change starts. Then nothing is done.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such policy.</exception>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public async ValueTask SetSqlInsertPolicyAsync(SqlInsertPolicy policy, CancellationToken cancellationToken = default)
    {
        if (!Enum.IsDefined(policy)) throw new ArgumentOutOfRangeException(nameof(policy), policy, "AnyType or KnownTypes.");
        await AdministerAsync(
            database =>
            {
                LogFacts.Set(database, LogFacts.KnownTypesOnly, policy == SqlInsertPolicy.KnownTypes ? 1 : 0);
                return true;
            }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The stored names, aliases included, of the event types that the file knows: those of every type map that a store was opened with and has written with. In ordinal order.</summary>
    /// <param name="cancellationToken">Cancels only before the file is read.</param>
    public ValueTask<IReadOnlyList<string>> GetKnownEventTypesAsync(CancellationToken cancellationToken = default) => LookAsync<IReadOnlyList<string>>(EventsView.KnownTypes, cancellationToken);

    /// <summary>Removes a tag rule from the file. Opening a store only adds rules: a process with an older type map does not remove the rules of newer ones.</summary>
    /// <remarks>Events that have the tag keep it. A store that is opened later with a map that has the rule adds it again.</remarks>
    /// <param name="eventType">The stored type name, or an alias.</param>
    /// <param name="tag">The tag's name.</param>
    /// <param name="property">The JSON property.</param>
    /// <param name="cancellationToken">Cancels only before the change starts. Then nothing is done.</param>
    /// <returns>False when the file has no such rule.</returns>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    public ValueTask<bool> RemoveTagRuleAsync(string eventType, string tag, string property, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(eventType);
        ArgumentNullException.ThrowIfNull(tag);
        ArgumentNullException.ThrowIfNull(property);
        return AdministerAsync(database => _rules.Remove(database, eventType, tag, property), cancellationToken);
    }

    /// <inheritdoc/>
    async ValueTask<IReadOnlyList<GlobalPosition>?> ITracingLog.FindTraceAsync(string id, GlobalPosition? first, int max, CancellationToken cancellationToken)
    {
        // Reading the head finalizes the events that SQL appended.
        var head = await HeadAsync(cancellationToken).ConfigureAwait(false);
        return await LookAsync(database => TraceSearch.Find(database, id, first, max, head, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    IViewStorage IInlineViews.Storage => _viewsInLog;

    void IInlineViews.Attach(IInlineView view) => _inlineViews.Attach(view);

    void IInlineViews.Detach(IInlineView view) => _inlineViews.Detach(view);

    async ValueTask IInlineViews.AdvanceAsync(Action<IInlineTransaction>? work, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        await Writable().RunAsync(
            transaction =>
            {
                if (work is not null) transaction.Run(work);
                return true;
            }, cancellationToken).ConfigureAwait(false);
    }

    async ValueTask<IReadOnlyList<StreamInfo>> ILogCatalog.ReadStreamsAsync(string? category, StreamId after, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        // Reading the head finalizes the events that SQL appended.
        _ = await HeadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _readers.UseAsync(static (reader, page) => reader.Streams(page.category, page.after, page.max), (category, after, max), cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.TranslateReading(e, Path);
        }
    }

    async ValueTask<LogStatistics> ILogCatalog.GetStatisticsAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        var head = await HeadAsync(cancellationToken).ConfigureAwait(false);
        return await _longWork.RunAsync(stop => CountEvents(head.ToInt64(), stop), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Examines the whole file: SQLite's own structures, the checksum of every event, name and record, that no position and no version is missing, that the indexes of tags and ids say what the events say, and that the view <c>events</c>, the guards and what the settings ask for are as the library makes them.</summary>
    /// <remarks>
    /// Others may read and append meanwhile. Memory is bounded by pages, never by the log; time follows the size of the file. SQLite's own check runs in one
    /// snapshot, during which the write-ahead log grows with what is appended; all else runs in short ones. A backup takes a shorter one: where much is appended, verify a
    /// backup by <see cref="VerifyAsync(string, CancellationToken)"/>. Damage does not end the examination. Events cut off
    /// at the log's end are seen only by what still points to them: a checkpoint beyond the head is a <see cref="PositionOutOfRangeException"/> where it is used.
    /// </remarks>
    /// <param name="cancellationToken">Ends the examination.</param>
    /// <exception cref="StoreUnavailableException">The file could not be read this time, which says nothing about its content.</exception>
    /// <exception cref="ObjectDisposedException">The log is closed, or was closed before the examination ended.</exception>
    public async ValueTask<IntegrityReport> VerifyAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return await _longWork.RunAsync(Verify, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Verifies a file that no process has open, as <see cref="VerifyAsync(CancellationToken)"/> does: a backup, or a file that is to be restored.</summary>
    /// <remarks>
    /// Neither the file nor anything beside it is changed, and nothing is left beside it, so it may lie on read-only media or on a network file system. Where a write-ahead log or a rollback
    /// journal lies beside it, both are copied into the temporary directory and examined there: it needs room for them. A file that is no database, or holds no log, is an issue.
    /// <para>A main file that was copied alone while its log was open is recognized when it holds no log yet, or when its size is not what its header says. Often it is an earlier state of the log and
    /// whole by itself: then nothing in it shows that events are missing, except its head.</para>
    /// </remarks>
    /// <param name="path">The file. Links are followed.</param>
    /// <param name="cancellationToken">Ends the examination.</param>
    /// <exception cref="ArgumentException">The path is empty, or is a connection string or a URI.</exception>
    /// <exception cref="InvalidOperationException">The file is open in this process, as far as the system shows it (Linux).</exception>
    /// <exception cref="StoreConfigurationException">The path is a directory, or the file does not exist or may not be read.</exception>
    /// <exception cref="StoreUnavailableException">The file could not be read this time, is open in another process as far as the system shows it (64-bit Linux), or was changed meanwhile.</exception>
    /// <exception cref="StoreFullException">There is no room for the copy of a file that has a journal beside it.</exception>
    /// <exception cref="StoreSchemaException">The log has a newer schema, which this library cannot verify, or an older one, which opening for writing migrates.</exception>
    public static async ValueTask<IntegrityReport> VerifyAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        SqliteLibrary.RefuseUnsafe();
        cancellationToken.ThrowIfCancellationRequested();
        return await Task.Factory.StartNew(
            () => FileVerifier.Run(path, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).ConfigureAwait(false);
    }

    /// <summary>Repairs the parts of the schema that hold no data: creates the view <c>events</c>, the guards, the indexes of the log's tables and the triggers of captured tables again where they are missing or altered, and stores this process's tag rules. Events and records are never changed. A second call changes nothing.</summary>
    /// <remarks>One transaction, on a connection of its own: appends wait while an index is built. It does not change what <see cref="VerifyAsync(CancellationToken)"/> finds in tables and rows.</remarks>
    /// <param name="cancellationToken">Cancels only before the change starts. Then nothing is done.</param>
    /// <exception cref="StoreReadOnlyException">The log was opened for reading only, or the file cannot be written.</exception>
    /// <exception cref="StoreCorruptException">The file is damaged where it had to be read. Nothing was changed.</exception>
    /// <exception cref="StoreSchemaException">Something else stands in the place of the table of the log's facts. Nothing was changed.</exception>
    /// <exception cref="StoreUnavailableException">Another connection wrote for longer than <see cref="SqliteOptions.BusyTimeout"/>, or the file could not be read or written this time. Nothing was changed.</exception>
    /// <exception cref="StoreConfigurationException">The file was removed or replaced while it was open. Nothing was changed.</exception>
    public async ValueTask<RepairResult> RepairAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        _ = Writable();
        return await _longWork.RunAsync(_ => LogRepair.Run(_file, _options, _rules), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Repairs a file, open or not, as <see cref="RepairAsync(CancellationToken)"/> does. Use it when <see cref="Open"/> refuses the file because a tool has altered its view, a guard, an index or a trigger. The tag rules of the file do not change.</summary>
    /// <param name="path">The file. Links are followed.</param>
    /// <param name="cancellationToken">Cancels only before the change starts. Then nothing is done.</param>
    /// <exception cref="ArgumentException">The path is empty, or is a connection string or a URI.</exception>
    /// <exception cref="StoreReadOnlyException">The file cannot be written.</exception>
    /// <exception cref="StoreCorruptException">The file is damaged where it had to be read. Nothing was changed.</exception>
    /// <exception cref="StoreSchemaException">The file is no log, has a newer or an older schema, or something else stands in the place of the table of the log's facts. Nothing was changed.</exception>
    /// <exception cref="StoreConfigurationException">The file does not exist or cannot be used as it is, as for <see cref="Open"/>. Nothing was changed.</exception>
    /// <exception cref="StoreUnavailableException">Another connection wrote for longer than 15 s, or the file could not be read or written this time. Nothing was changed.</exception>
    public static async ValueTask<RepairResult> RepairAsync(string path, CancellationToken cancellationToken = default)
    {
        SqliteLibrary.RefuseUnsafe();
        var options = new SqliteOptions { MustExist = true };
        var file = LogPath.Resolve(path, options.ReadOnly || options.MustExist);
        cancellationToken.ThrowIfCancellationRequested();
        return await Task.Factory.StartNew(
            () => LogRepair.Run(new(file, options.TimeProvider), options, rules: null), CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).ConfigureAwait(false);
    }

    /// <summary>Copies the log into a new file while others read and append: one snapshot with all events up to one position and none after, with records, settings and everything else that the file holds.</summary>
    /// <remarks>
    /// The copy runs on a thread and a connection of its own and takes one snapshot, so concurrent writes do not delay its end. While it runs, the write-ahead log cannot restart: it
    /// grows by what is written until then, and is reused afterwards. Events inserted in SQL that are not finalized yet are copied as they are, and are finalized when the copy is opened for writing.
    /// Pages are copied as they are, including damaged ones: verify a backup with <see cref="VerifyAsync(string, CancellationToken)"/>.
    /// <para>The file is written as <c>backup-….partial</c> in the same directory, synchronized, and then given its name. Cancelled or failed it leaves nothing; a process that is killed leaves the partial
    /// file, to be removed by hand. Nothing needs locks there: the directory may lie on a network file system. On Unix it has the permissions of the log's file. It is a file without a write-ahead log, complete by itself, and can be read on
    /// read-only media; the first opening for writing gives it a write-ahead log.</para>
    /// </remarks>
    /// <param name="path">The new file. Its directory must exist. The file, and files with its name and <c>-wal</c>, <c>-shm</c> or <c>-journal</c>, must not exist.</param>
    /// <param name="progress">Is called after each MiB, on the thread that copies; null for none. An exception that it throws does not end the backup and is in <see cref="BackupResult.ProgressError"/>; to end the backup, cancel it.</param>
    /// <param name="cancellationToken">Ends the backup. Nothing of it is left.</param>
    /// <exception cref="ArgumentException">The path is empty, is a connection string or a URI, or has the name of a part of a database.</exception>
    /// <exception cref="BackupTargetExistsException">There is a file of that name, the log's own perhaps, or a companion of it. It is left as it is.</exception>
    /// <exception cref="StoreConfigurationException">The path is a directory, or its directory does not exist. Nothing is left.</exception>
    /// <exception cref="StoreUnavailableException">Reading or writing failed this time. Nothing is left.</exception>
    /// <exception cref="StoreReadOnlyException">The directory cannot be written.</exception>
    /// <exception cref="StoreFullException">There is no room for the copy. Nothing is left.</exception>
    /// <exception cref="StoreCorruptException">The log's file is damaged so far that it cannot be copied.</exception>
    /// <exception cref="ObjectDisposedException">The log is closed, or was closed before the backup was whole. Nothing is left.</exception>
    public async ValueTask<BackupResult> BackupAsync(string path, IProgress<BackupProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        BackupFile.ThrowIfInvalid(path);
        ThrowIfDisposed();
        var backup = new LogBackup(_file, _options, progress);
        return await _longWork.RunAsync(stop => backup.Run(path, stop), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    T? IEventLog.Find<T>()
        where T : class => this as T ?? _views as T;

    /// <summary>Finishes what is queued, ends backups, verifications and every wait with <see cref="ObjectDisposedException"/> and closes the file. May be called again, and by several threads at once: all of them wait for the same end.</summary>
    /// <exception cref="InvalidOperationException">Called from inside the work of a transaction, or by the progress of a backup. The log is open still.</exception>
    public ValueTask DisposeAsync()
    {
        _writer?.Work.ThrowIfInside();
        _longWork.ThrowIfInside();
        return _disposal.RunAsync(async () =>
        {
            try
            {
                await _longWork.DisposeAsync().ConfigureAwait(false);
                if (_writer is not null) await _writer.DisposeAsync().ConfigureAwait(false);
            }
            finally
            {
                _signal.Close();
                await _watcher.DisposeAsync().ConfigureAwait(false);
                _readers.Dispose();
                _views.Dispose();
                _viewsInLog.Dispose();
            }
        });
    }

    /// <summary>Closes the log as <see cref="DisposeAsync"/> does and blocks until that is done, 30 s at most: for containers and <c>using</c> statements.</summary>
    /// <exception cref="InvalidOperationException">Called from inside the work of a transaction, or by the progress of a backup. The log is open still.</exception>
    /// <exception cref="TimeoutException">The log is not closed after 30 s, because a transaction's work has not ended or another process keeps the file locked. Closing continues in the background.</exception>
    public void Dispose() => BlockingDisposal.Run(DisposeAsync, BlockingDisposal.MaxCloseTime, nameof(SqliteEventLog));

    private static SqliteEventLog OpenForReading(string path, SqliteOptions options)
    {
        try
        {
            using var database = Database.Reader(path, readOnly: true);
            var (file, schema) = (new StoreFile(path, options.TimeProvider), new KnownSchema(path));
            file.Examine();
            database.BusyTimeout(options.BusyTimeout);
            SchemaVersion.Check(database, path, schema);
            return new(file, schema, options, LogFacts.IdsOf(database, path), new(), new(path), null);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.TranslateReading(e, path);
        }
    }

    private static SqliteEventLog OpenForWriting(string path, SqliteOptions options)
    {
        var database = default(Database);
        try
        {
            database = Database.Writer(path, options.MustExist);
            var (file, schema) = (new StoreFile(path, options.TimeProvider), new KnownSchema(path));
            file.Examine();
            // SQLite opens for reading what it may not write.
            if (database.IsReadOnly) throw new StoreReadOnlyException(SqliteErrors.WhyNotWritable(path) ?? $"'{path}' cannot be written. Nothing was written.");
            database.BusyTimeout(options.BusyTimeout);
            SchemaVersion.CreateOrCheck(database, path, schema, options);
            var ids = LogFacts.IdsOf(database, path);
            var (rules, views) = (new TagRuleSet(), new InLogViews(path));
            return new(file, schema, options, ids, rules, views, WriterConnections.Use(database, file, schema, options, ids, rules, views));
        }
        catch (SqliteException e)
        {
            database?.Dispose();
            throw SqliteErrors.TranslateOpening(e, path);
        }
        catch
        {
            database?.Dispose();
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
        await _writer!.TrySealAsync(cancellationToken).ConfigureAwait(false);
        return await _readers.UseAsync(s_readWhatIs, read, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<GlobalPosition> HeadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (head, isSealed) = await _readers.UseAsync(s_head, 0, cancellationToken).ConfigureAwait(false);
            if (!isSealed && _writer is not null)
            {
                await _writer.TrySealAsync(cancellationToken).ConfigureAwait(false);
                (head, _) = await _readers.UseAsync(s_head, 0, cancellationToken).ConfigureAwait(false);
            }

            return GlobalPosition.FromInt64(head);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.TranslateReading(e, Path);
        }
    }

    private ValueTask<T> LookAsync<T>(Func<Database, T> look, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancellationToken);
        try
        {
            using var database = ReaderConnections.Open(_file, _options);
            return new(look(database));
        }
        catch (SqliteException e)
        {
            return ValueTask.FromException<T>(SqliteErrors.TranslateReading(e, Path));
        }
    }

    private LogStatistics CountEvents(long head, CancellationToken cancellationToken)
    {
        try
        {
            using var database = ReaderConnections.Open(_file, _options);
            return LogCatalog.Count(database, head, cancellationToken);
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.TranslateReading(e, Path);
        }
    }

    private IntegrityReport Verify(CancellationToken cancellationToken)
    {
        try
        {
            using var database = ReaderConnections.Open(_file, _options);
            return new Verifier(database, _writer is null || !_rules.AreStored ? null : _rules, cancellationToken).Run();
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.TranslateReading(e, Path);
        }
    }

    private ValueTask<T> AdministerAsync<T>(Func<Database, T> work, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return Writable().RunAsync(transaction => transaction.Administer(work), cancellationToken);
    }

    /// <summary>Erases the events of a stream through a version. Their positions, versions and ids stay taken for ever.</summary>
    internal ValueTask<long> EraseAsync(StreamId stream, long throughVersion, string reason) =>
        Writable().RunAsync(transaction => transaction.Isolated(() => transaction.Erase(stream, throughVersion, reason)), CancellationToken.None);

    private ValueTask<LogWritten> WriteAsync(LogWrite write, Action<SqliteLogTransaction>? work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        ThrowIfDisposed();
        var writer = Writable();
        if (write.Validate(_options.Limits, hasWork: work is not null) is { } refusal)
            return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<LogWritten>(cancellationToken) : new(LogWritten.Refused(refusal));
        return writer.WriteAsync(write, work, cancellationToken);
    }

    // The one way to the writer.
    private Writer Writable()
    {
        if (_writer is null) throw new StoreReadOnlyException($"'{Path}' was opened for reading only. Nothing was written.");
        _writer.Work.ThrowIfInside();
        return _writer;
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposal.HasBegun, this);
}
