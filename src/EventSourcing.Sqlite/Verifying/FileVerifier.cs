using System.Buffers.Binary;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Versioning;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Verifying;

/// <summary>Verifies a file that no process has open. Changes neither the file nor the files beside it.</summary>
internal sealed class FileVerifier
{
    // sqlite.org/fileformat2.html, "The Database Header" and "The WAL File Format".
    private const int HeaderBytes = 100, WalHeaderBytes = 32, PageSizeAt = 16, WriteVersionAt = 18, ChangesAt = 24, PagesAt = 28, PagesValidAt = 92;
    private const byte WriteAheadLog = 2;

    private readonly string _path;
    private readonly CancellationToken _cancellationToken;
    private readonly long _walBytes, _journalBytes;
    private readonly (long Length, DateTime Written) _before;
    private readonly byte[] _header = new byte[HeaderBytes];
    private readonly int _headerLength;

    private FileVerifier(string path, CancellationToken cancellationToken)
    {
        (_path, _cancellationToken) = (path, cancellationToken);
        _before = State();
        (_walBytes, _journalBytes) = (LengthOf(path + "-wal"), LengthOf(path + "-journal"));
        // Not opened here in this case: closing it would drop SQLite's locks (sqlite.org/howtocorrupt.html, 2.2).
        if (OtherProcesses.IsOpenHere(path)) throw new InvalidOperationException($"'{path}' is open in this process: verify the open log, or close it first. A connection pool may have kept it open.");
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (OtherProcesses.HaveOpen(file.SafeFileHandle)) throw new StoreUnavailableException($"'{path}' is open in another process. Verify it there (VerifyAsync of the open log), close it first, or verify a backup of it.");
        _headerLength = file.ReadAtLeast(_header, HeaderBytes, throwOnEndOfStream: false);
    }

    internal static IntegrityReport Run(string path, CancellationToken cancellationToken)
    {
        var full = Resolve(path);
        try
        {
            return new FileVerifier(full, cancellationToken).Run();
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, full);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreConfigurationException($"'{full}' was not verified, because this process may not read it: {e.Message} Give its user the right to read the file.", e);
        }
        catch (IOException e)
        {
            throw FileErrors.Translate(e, $"'{full}' was not verified");
        }
    }

    private static string Resolve(string path)
    {
        LogPath.ThrowIfNoPath(path, nameof(path));
        var target = LogPath.FollowLinks(path);
        if (Directory.Exists(target)) throw new StoreConfigurationException($"'{target}' is a directory. Pass the path of the log's file.");
        return File.Exists(target) ? target : throw new StoreConfigurationException($"'{target}' does not exist. Correct the path.");
    }

    private IntegrityReport Run()
    {
        var verification = HasJournal ? VerifyCopy() : Verify(_path);
        if (State() != _before || LengthOf(_path + "-wal") != _walBytes || LengthOf(_path + "-journal") != _journalBytes)
            throw new StoreUnavailableException($"'{_path}' was changed while it was verified. Verify it again when no process has it open, or verify a backup of it.");
        return verification;
    }

    private bool HasJournal => _walBytes > WalHeaderBytes || _journalBytes > 0;

    // What lies in the write-ahead log or has to be rolled back belongs to the file, and SQLite puts it into the file: so both are examined elsewhere.
    private IntegrityReport VerifyCopy()
    {
        var folder = Directory.CreateTempSubdirectory("event-sourcing-verify-");
        try
        {
            var copy = Path.Combine(folder.FullName, "copy.db");
            foreach (var part in (string[])["", "-wal", "-journal"])
            {
                if (File.Exists(_path + part)) Copy(_path + part, copy + part);
            }

            return Verify(copy);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private void Copy(string from, string to)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        File.Copy(from, to);
        // It need not be writable where it comes from.
        File.SetAttributes(to, FileAttributes.Normal);
    }

    private IntegrityReport Verify(string path)
    {
        var issues = new List<IntegrityIssue>();
        if (!HasJournal) issues.AddRange(LookAtHeader());
        if (issues.Count == 0 && Describe(path) is { } problem) issues.Add(new(problem, "the file"));
        if (issues.Count > 0) return new(GlobalPosition.Start, issues) { JournalBytes = JournalBytes };
        using var database = Open(path);
        if (!SchemaInventory.Of(database).IsSafeToRead) return new(GlobalPosition.Start, SchemaRepair.Issues(database)) { JournalBytes = JournalBytes };
        return new Verifier(database, wanted: null, _cancellationToken) { JournalBytes = JournalBytes }.Run();
    }

    private long JournalBytes => HasJournal ? Math.Max(_walBytes, 0) + Math.Max(_journalBytes, 0) : 0;

    private Database Open(string path)
    {
        if (!HasJournal) return Database.Immutable(path);
        return Database.Reader(path, readOnly: false);
    }

    // A file that was copied while it was open, and without its write-ahead log, is often whole: an earlier state of the log, or none at all. This finds what can be found.
    private IEnumerable<IntegrityIssue> LookAtHeader()
    {
        if (_headerLength < HeaderBytes) yield break;
        var pageSize = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(PageSizeAt)) is var size && size == 1 ? 65536 : size;
        if (!_header.AsSpan().StartsWith("SQLite format 3\0"u8) || pageSize < 512) yield break;
        var pages = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(PagesAt));
        var isCounted = _header.AsSpan(ChangesAt, 4).SequenceEqual(_header.AsSpan(PagesValidAt, 4));
        if (_before.Length % pageSize != 0)
            yield return new($"its size, {_before.Length} bytes, is no multiple of its pages of {pageSize} bytes: it was cut off, or copied while it was open", "the file");
        else if (isCounted && pages != 0 && pages * pageSize != _before.Length)
            yield return new($"it has {_before.Length / pageSize} pages and counts {pages}: it was cut off, or copied without its write-ahead log while it was open", "the file");
    }

    // The issue of a file that is no log.
    private string? Describe(string path)
    {
        if (_headerLength == 0) return "it is empty";
        try
        {
            using var database = Open(path);
            if (SchemaVersion.Exists(database))
            {
                // Another schema cannot be verified; a damaged fact is found by the verification.
                if (SchemaVersion.Found(database) is >= 1 and not SchemaScripts.Newest and var found && (found > SchemaScripts.Newest || LogFacts.AreIntact(database, found))) SchemaVersion.ThrowIfNotNewest(database, _path);
                return null;
            }

            return _header[WriteVersionAt] == WriteAheadLog && !SchemaVersion.HasTables(database)
                ? "it holds nothing, and was in use with a write-ahead log: it was copied without it while it was open"
                : "it is a database of something else: it holds no event log";
        }
        catch (SqliteException e) when (SqliteErrors.IsDamage(e))
        {
            return $"it cannot be read as a database: {e.Message}";
        }
    }

    private (long Length, DateTime Written) State() => (LengthOf(_path), File.GetLastWriteTimeUtc(_path));

    private static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : -1;
}
