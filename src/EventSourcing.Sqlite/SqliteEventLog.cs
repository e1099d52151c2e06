using System.Globalization;
using EventSourcing.Sqlite.Internal;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>A log in one SQLite file, with the promises of <see cref="IEventLog"/>. Thread-safe. Several logs may be open on one file, in one process or in several on one machine.</summary>
public sealed class SqliteEventLog : IEventLog
{
    private readonly StoreFile _file;
    private readonly SqliteOptions _options;
    private readonly PositionalIds _ids;
    private readonly ReaderPool _readers;
    private readonly CommitSignal _signal = new();
    private readonly CommitWatcher _watcher;
    private readonly Writer? _writer;
    private int _disposed;

    private SqliteEventLog(string path, SqliteOptions options, PositionalIds ids, WriteSession? session)
    {
        (_file, _options, _ids) = (new(path, options.TimeProvider), options, ids);
        Reader OpenReader() => Connections.OpenReader(_file, options, ids);
        _readers = new(options.MaxReaders, _file, OpenReader);
        _watcher = new(_file, _signal, OpenReader);
        _signal.Awaited += _watcher.Start;
        if (session is not null) _writer = new(_file, options, session, () => Connections.OpenSession(_file, options, ids), _signal);
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
            return await _readers.UseAsync(static (reader, read) => reader.Read(read), read, cancellationToken).ConfigureAwait(false);
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
        return new(path, options, Connections.IdsOf(database), null);
    }

    private static SqliteEventLog OpenForWriting(string path, SqliteOptions options)
    {
        var database = Database.Writer(path, options.MustExist);
        try
        {
            database.BusyTimeout(options.BusyTimeout);
            SchemaVersion.CreateOrCheck(database, path, options);
            var ids = Connections.IdsOf(database);
            return new(path, options, ids, Connections.SessionOn(database, path, options, ids));
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

    private async ValueTask<GlobalPosition> HeadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return GlobalPosition.FromInt64(await _readers.UseAsync(static (reader, _) => reader.Head(), 0, cancellationToken).ConfigureAwait(false));
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

    private Writer Writable() => _writer ?? throw new StoreReadOnlyException($"'{Path}' was opened for reading only. Nothing was written.");

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed != 0, this);
}
