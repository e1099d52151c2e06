using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Sqlite.Native;

/// <summary>One SQLite connection by its handle, used by one thread at a time.</summary>
internal sealed unsafe class Database : IDisposable
{
    private readonly sqlite3 _database;
    private readonly SqliteConnection? _connection;
    private readonly List<Statement> _statements = [];
    private nint _handle;
    private int _isDisposed;

    private Database(sqlite3 database, SqliteConnection? connection)
    {
        (_database, _connection) = (database, connection);
        _handle = database.IsInvalid ? 0 : database.DangerousGetHandle();
    }

    internal nint Handle => _handle;

    /// <summary>The files that this connection is counted for, until it is closed; null where it is not.</summary>
    internal Action<Database>? Closing { get; set; }

    /// <summary>False when user code has closed the connection.</summary>
    internal bool IsOpen => _connection is null || _connection.State == System.Data.ConnectionState.Open;

    /// <summary>True while no transaction is open.</summary>
    internal bool IsAutoCommit => NativeMethods.sqlite3_get_autocommit(Handle) != 0;

    /// <summary>Changes with every commit to the file that this connection knows of: its own, and others' once it has begun a transaction after them (sqlite.org/c3ref/c_fcntl_begin_atomic_write.html, SQLITE_FCNTL_DATA_VERSION).</summary>
    internal uint DataVersion
    {
        get
        {
            uint version = 0;
            fixed (byte* main = "main\0"u8)
            {
                var code = NativeMethods.sqlite3_file_control(Handle, main, NativeMethods.FileControlDataVersion, &version);
                return code == NativeMethods.Ok ? version : throw Error(code);
            }
        }
    }

    /// <summary>The same connection as user code sees it; only <see cref="ForUserCode"/> has one.</summary>
    internal SqliteConnection? Connection => _connection;

    /// <summary>How many rows the last INSERT, UPDATE or DELETE has changed.</summary>
    internal long Changes => NativeMethods.sqlite3_changes64(Handle);

    /// <summary>True while a deferred foreign key is violated: the commit would fail.</summary>
    internal bool ViolatesForeignKeys => Status(NativeMethods.StatusDeferredForeignKeys) != 0;

    /// <summary>How many pages this connection has ever written to the write-ahead log.</summary>
    internal int PagesWritten => Status(NativeMethods.StatusPagesWritten);

    /// <summary>Switches triggers for this connection only: the guards of the log's tables are off for the library's own statements. SQLite prepares every statement again after it.</summary>
    internal void EnableTriggers(bool enable)
    {
        // Through SQLitePCLRaw, which knows how each platform passes a variable number of arguments.
        var code = raw.sqlite3_db_config(_database, NativeMethods.ConfigEnableTrigger, enable ? 1 : 0, out _);
        if (code != NativeMethods.Ok) throw Error(code);
    }

    /// <summary>True when the file could be opened for reading only, though more was wanted.</summary>
    internal bool IsReadOnly => raw.sqlite3_db_readonly(_database, "main") == 1;

    /// <summary>Leaves the write-ahead log as it is when this connection is the last to close.</summary>
    internal void CloseWithoutCheckpoint()
    {
        if (IsOpen && Handle != 0) _ = raw.sqlite3_db_config(_database, NativeMethods.ConfigNoCheckpointOnClose, 1, out _);
    }

    /// <summary>The connection of a writer.</summary>
    internal static Database Writer(string path, bool mustExist)
    {
        var database = Open(path, raw.SQLITE_OPEN_READWRITE | (mustExist ? 0 : raw.SQLITE_OPEN_CREATE));
        try
        {
            database.EnableTriggers(false);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>The connection of a writer that runs user code too, which knows it by its ADO.NET side.</summary>
    internal static Database ForUserCode(string path)
    {
        var connection = new TransactionConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        try
        {
            connection.Open();
            var database = new Database(connection.Handle!, connection);
            database.EnableTriggers(false);
            return database;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The connection of a view's file that runs handlers too, with triggers.</summary>
    /// <param name="path">The file; <c>:memory:</c> for a database that is gone with its connection.</param>
    internal static Database ForHandlers(string path)
    {
        var connection = new HandlerConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = path == ":memory:" ? SqliteOpenMode.Memory : SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        try
        {
            connection.Open();
            return new(connection.Handle!, connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The connection of a reader.</summary>
    internal static Database Reader(string path, bool readOnly) => Open(path, readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE);

    /// <summary>A connection to a file that no other connection has open and nothing changes: without locks, and without the files that SQLite puts beside it (sqlite.org/uri.html, <c>immutable</c>).</summary>
    internal static Database Immutable(string path) => Open(Uri(path, "immutable=1"), raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI);

    /// <summary>A connection that fills a new file which no other connection opens: without locks, which another machine's file system may lack (sqlite.org/uri.html, <c>nolock</c>).</summary>
    internal static Database Unshared(string path) => Open(Uri(path, "nolock=1"), raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_URI);

    /// <summary>A database that is gone with its connection.</summary>
    internal static Database InMemory() => Open(":memory:", raw.SQLITE_OPEN_READWRITE);

    /// <summary>A copy of another database into this one, by pages (sqlite.org/c3ref/backup_finish.html). Disposed before either.</summary>
    internal sqlite3_backup BeginCopyOf(Database source) =>
        raw.sqlite3_backup_init(_database, "main", source._database, "main") is { IsInvalid: false } copy ? copy : throw Error(raw.sqlite3_errcode(_database));

    /// <summary>The error of a step of a copy, which SQLite keeps in neither connection.</summary>
    internal static SqliteException CopyError(int code) => new($"SQLite error {code}: {raw.sqlite3_errstr(code).utf8_to_string()}", code & 0xff, code);

    // Every byte that could mean something to the URI is escaped; SQLite takes the rest as it is.
    private static string Uri(string path, string settings)
    {
        // A drive's letter is no server's name.
        var name = OperatingSystem.IsWindows() ? path.Replace('\\', '/') : path;
        if (!name.StartsWith('/')) name = "/" + name;
        return $"file://{string.Join('/', name.Split('/').Select(System.Uri.EscapeDataString))}?{settings}";
    }

    // Without the mutex that Microsoft.Data.Sqlite's connections carry: each connection is used by one thread at a time.
    private static Database Open(string path, int flags)
    {
        var code = raw.sqlite3_open_v2(path, out var handle, flags | raw.SQLITE_OPEN_NOMUTEX, null);
        var database = new Database(handle, null);
        if (code == NativeMethods.Ok) return database;
        try
        {
            throw database.Error(code);
        }
        finally
        {
            database.Dispose();
        }
    }

    internal Statement Prepare(string sql)
    {
        nint statement;
        var text = Encoding.UTF8.GetBytes(sql);
        int code;
        fixed (byte* p = text) code = NativeMethods.sqlite3_prepare_v3(Handle, p, text.Length, NativeMethods.PreparePersistent, &statement, null);
        if (code != NativeMethods.Ok) throw Error(code);
        var prepared = new Statement(this, statement);
        _statements.Add(prepared);
        return prepared;
    }

    /// <summary>A statement that its user disposes, for what is seldom run.</summary>
    internal Statement PrepareOnce(string sql)
    {
        var statement = Prepare(sql);
        _statements.Remove(statement);
        return statement;
    }

    /// <summary>Runs one statement that is needed once.</summary>
    internal void Execute(string sql)
    {
        var statement = Prepare(sql);
        try
        {
            statement.Run();
        }
        finally
        {
            _statements.Remove(statement);
            statement.Dispose();
        }
    }

    /// <summary>The first column of the first row as text; null when there is no row or the value is NULL.</summary>
    internal string? Scalar(string sql)
    {
        var statement = Prepare(sql);
        try
        {
            return statement.Step() && !statement.IsNull(0) ? statement.Text(0) : null;
        }
        finally
        {
            _statements.Remove(statement);
            statement.Dispose();
        }
    }

    /// <summary>The same; null too when it fails.</summary>
    internal string? TryScalar(string sql)
    {
        try
        {
            return Scalar(sql);
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    /// <summary>Looks at every row of a statement that is needed once.</summary>
    internal void ForEach(string sql, Action<Statement> look)
    {
        var statement = Prepare(sql);
        try
        {
            while (statement.Step()) look(statement);
        }
        finally
        {
            _statements.Remove(statement);
            statement.Dispose();
        }
    }

    /// <summary>Lets reads see one state of the file; inside a transaction, that of the transaction.</summary>
    internal T InSnapshot<T>(Func<T> look)
    {
        if (!IsAutoCommit) return look();
        Execute("BEGIN");
        try
        {
            return look();
        }
        finally
        {
            // An error may have ended it already.
            if (!IsAutoCommit) Execute("ROLLBACK");
        }
    }

    /// <summary>Runs work in a transaction of its own: all of it is kept, or nothing.</summary>
    internal T InTransaction<T>(Func<T> work)
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            var result = work();
            Execute("COMMIT");
            return result;
        }
        catch
        {
            if (!IsAutoCommit) Execute("ROLLBACK");
            throw;
        }
    }

    /// <summary>Leaves every row that a statement stands on, and the snapshot with them.</summary>
    internal void Reset()
    {
        foreach (var statement in _statements) statement.Reset();
    }

    /// <summary>Makes the statement that runs on another thread fail.</summary>
    internal void Interrupt() => NativeMethods.sqlite3_interrupt(Handle);

    /// <summary>Runs the statements of a script.</summary>
    internal void ExecuteScript(string script)
    {
        int code;
        fixed (byte* text = Encoding.UTF8.GetBytes(script + "\0")) code = NativeMethods.sqlite3_exec(Handle, text, 0, 0, null);
        if (code != NativeMethods.Ok) throw Error(code);
    }

    internal void BusyTimeout(TimeSpan timeout) => _ = NativeMethods.sqlite3_busy_timeout(Handle, (int)timeout.TotalMilliseconds);

    /// <summary>After how many pages in the write-ahead log a commit brings them into the database file (sqlite.org/c3ref/wal_autocheckpoint.html).</summary>
    internal void AutomaticCheckpoint(int pages)
    {
        var code = NativeMethods.sqlite3_wal_autocheckpoint(Handle, pages);
        if (code != NativeMethods.Ok) throw Error(code);
    }

    private int Status(int what)
    {
        int current, highest;
        var code = NativeMethods.sqlite3_db_status(Handle, what, &current, &highest, 0);
        return code == NativeMethods.Ok ? current : throw Error(code);
    }

    /// <summary>SQLite's extended code of the last call that failed.</summary>
    internal int ExtendedError => NativeMethods.sqlite3_extended_errcode(Handle);

    internal SqliteException Error(int code)
    {
        var message = Handle == 0 ? "out of memory" : Marshal.PtrToStringUTF8((nint)NativeMethods.sqlite3_errmsg(Handle));
        var extended = Handle == 0 ? code : NativeMethods.sqlite3_extended_errcode(Handle);
        return new($"SQLite error {code}: {message}", code & 0xff, (extended & 0xff) == (code & 0xff) ? extended : code);
    }

    public void Dispose()
    {
        // The first closes the connection.
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        foreach (var statement in _statements) statement.Dispose();
        _statements.Clear();
        Closing?.Invoke(this);
        Closing = null;
        _handle = 0;
        (_connection as HandlerConnection)?.Release();
        if (_connection is not null) _connection.Dispose();
        else _database.Dispose();
    }
}
