using System.Diagnostics;
using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Files;

/// <summary>The files of a log, as they were opened: the database file, and the write-ahead log and its index beside it, where SQLite finds them by name. Tells them from others that take their names later.</summary>
/// <remarks>
/// Acknowledged events live in the write-ahead log until a checkpoint. Another process that finds it missing makes a new one, and from then on the two do not see each other.
/// While a connection has the log open, no program that respects SQLite's locks removes or replaces these files. When it happens all the same, it is noticed here and ends all work.
/// </remarks>
internal sealed class StoreFile
{
    // Limits what can be acknowledged into a removed file, at a low cost: a few system calls, at most 20 times a second.
    private const int LooksPerSecond = 20;
    private const string LogSuffix = "-wal", IndexSuffix = "-shm";

    private static readonly TimeSpan s_openingTakesAtMost = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly byte[] _name, _logName, _indexName;
    private readonly Lock _lock = new();
    private int _connections;
    // Of the files that the connections have open; null where the system does not say, the default where there was none.
    private FileIdentity? _log, _index;
    private (long, (long, long)) _contentSeen;
    private long _looked;

    /// <summary>Remembers the file that a connection has open.</summary>
    internal StoreFile(string path, TimeProvider time)
    {
        (Path, _time) = (path, time);
        (_name, _logName, _indexName) = (FileStatus.Name(path), FileStatus.Name(path + LogSuffix), FileStatus.Name(path + IndexSuffix));
        Identity = FileStatus.Of(_name)?.Identity;
        _looked = time.GetTimestamp();
    }

    internal string Path { get; }

    /// <summary>What the system knows the file by; null where it does not say.</summary>
    internal FileIdentity? Identity { get; }

    /// <summary>Refuses files that may not be opened, or whose problem could not be detected afterwards, before SQLite opens any of them.</summary>
    /// <exception cref="StoreConfigurationException">A part of the log is no file or has a second name; or there is a write-ahead log without its database file, which SQLite would delete.</exception>
    internal static void RefuseBeforeOpening(string path)
    {
        // The log first: it is never created before the database file.
        var log = FileStatus.Of(path + LogSuffix) ?? default;
        if (FileStatus.Of(path) is not { } main) return;
        RefuseOther(main, path);
        if (main is { Exists: true, IsMountPoint: null } && OperatingSystem.IsLinux() && NetworkFileSystem.IsMountPoint(path)) throw Mounted(path);
        RefuseOther(log, path + LogSuffix);
        RefuseOther(FileStatus.Of(path + IndexSuffix) ?? default, path + IndexSuffix);
        if (log.Size > 0 && main.Size == 0)
        {
            throw new StoreConfigurationException(
                $"'{path}{LogSuffix}' is there without its database file '{path}' (missing or empty). Nothing was changed; put the database file back beside it, or, for a new log, remove '{path}{LogSuffix}' and '{path}{IndexSuffix}'.");
        }
    }

    /// <summary>Looks again, unless that was done within the last fraction of a second.</summary>
    /// <exception cref="StoreConfigurationException">One of the files was removed or replaced, or has a second name.</exception>
    internal void ThrowIfReplacedLately()
    {
        if ((_time.GetTimestamp() - _looked) * LooksPerSecond >= _time.TimestampFrequency) ThrowIfReplaced();
    }

    /// <summary>Looks now.</summary>
    /// <exception cref="StoreConfigurationException">One of the files was removed or replaced, or has a second name.</exception>
    internal void ThrowIfReplaced()
    {
        lock (_lock) Look();
        _looked = _time.GetTimestamp();
    }

    /// <summary>Looks before the first statement of a new connection, while SQLite has opened nothing but the database file.</summary>
    /// <exception cref="StoreConfigurationException">One of the files was removed or replaced, has a second name or is no file; or a process works on a write-ahead log that was removed.</exception>
    internal void Examine()
    {
        lock (_lock)
        {
            Look();
            if (_connections > 0) return;
            RefuseOther(FileStatus.Of(_logName) ?? default, Path + LogSuffix);
            RefuseOther(FileStatus.Of(_indexName) ?? default, Path + IndexSuffix);
        }

        RefuseRemovedLog();
    }

    /// <summary>Counts a connection that has the write-ahead log open from now on, until it is released.</summary>
    /// <exception cref="StoreConfigurationException">The files are not those of the connections before it.</exception>
    internal void Adopt(Database database)
    {
        lock (_lock)
        {
            if (_connections == 0) (_log, _index) = (FileStatus.Of(_logName)?.Identity, FileStatus.Of(_indexName)?.Identity);
            Look(isOpen: true);
            _connections++;
            database.Closing = Release;
        }
    }

    /// <summary>Ends what <see cref="Adopt"/> began, just before the connection is closed.</summary>
    /// <remarks>
    /// The last connection to close brings the write-ahead log into the database file. Where the log was removed, that saves what was acknowledged into it, and is right as long as no process has
    /// written the database file since. Where one has, or uses another log, it would overwrite acknowledged events of that process, and is not done.
    /// </remarks>
    internal void Release(Database database)
    {
        lock (_lock)
        {
            _connections--;
            if (!MayCheckpoint()) database.CloseWithoutCheckpoint();
            if (_connections == 0) (_log, _index) = (null, null);
        }
    }

    private void Look(bool? isOpen = null)
    {
        if (Identity is not { } opened || FileStatus.Of(_name) is not { } main) return;
        if (!main.Exists)
            throw new StoreConfigurationException($"'{Path}' was removed or renamed while it was open. Nothing was written; close the log, and open it at the file's new place.");
        if (main.Identity != opened)
            throw new StoreConfigurationException($"'{Path}' was replaced by another file while it was open. Nothing was written; close the log and open it again.");
        RefuseOther(main, Path);
        if (isOpen ?? _connections > 0)
        {
            Look(_logName, _log, LogSuffix);
            Look(_indexName, _index, IndexSuffix);
        }

        _contentSeen = (main.Size, main.Changed);
    }

    private void Look(byte[] name, FileIdentity? opened, string suffix)
    {
        // Read in another journal mode, a file has none.
        if (opened is not { } identity || identity == default || FileStatus.Of(name) is not { } found) return;
        if (!found.Exists)
        {
            throw new StoreConfigurationException(
                $"'{Path}{suffix}', a part of the log, was removed while it was open. Nothing was written; what was acknowledged before is in this open log still: close it now, which brings that into '{Path}' unless another process has written there since, and open it again. Do not end the process before.");
        }

        if (found.Identity != identity)
        {
            throw new StoreConfigurationException(
                $"'{Path}{suffix}', a part of the log, was replaced by another file while it was open: another process has gone on without what this one wrote last. Nothing was written; close the log, open it again, and look whether the last events acknowledged here are there.");
        }

        RefuseOther(found, Path + suffix);
    }

    // A file must have one name only: with several names it would have one write-ahead log for each name.
    private static void RefuseOther(in FileStatus found, string path)
    {
        if (!found.Exists) return;
        if (!found.IsFile)
            throw new StoreConfigurationException($"'{path}' is {(found.IsLink ? "a symbolic link" : found.IsDirectory ? "a directory" : "no ordinary file")}, where a part of the log has to be a file. Nothing was written; put an ordinary file there, or nothing.");
        if (found.Links > 1)
            throw new StoreConfigurationException($"'{path}' has {found.Links} names (hard links): under each of them SQLite would keep a write-ahead log of its own, and what is appended under one name would be lost under another. Nothing was written; remove all names but one (find -samefile names them), or copy the file instead of linking it.");
        if (found.IsMountPoint == true) throw Mounted(path);
    }

    private static StoreConfigurationException Mounted(string path) =>
        new($"'{path}' is a single file that is mounted: the other files of the log would lie elsewhere, and what is appended would be lost with them. Nothing was written; mount the directory that the file lies in.");

    private void RefuseRemovedLog()
    {
        if (!OperatingSystem.IsLinux() || FileStatus.Of(_logName) is not { } log) return;
        var files = OtherProcesses.OpenFiles();
        // Of a database file that was removed as well, the log says nothing of this one.
        if (files.Contains(Path + LogSuffix + " (deleted)") && !files.Contains(Path + " (deleted)") && files.Count(f => f == Path) > 1) throw Removed("this process");
        if (log.Exists) return;
        var others = new OtherProcesses(this);
        var began = Stopwatch.GetTimestamp();
        while (others.AreKnownToUseWriteAheadLog() && FileStatus.Of(_logName) is { Exists: false })
        {
            // Another process may be about to make it, or have just removed it as the last to close.
            if (Stopwatch.GetElapsedTime(began) >= s_openingTakesAtMost) throw Removed("another process");
            Pause();
        }

        StoreConfigurationException Removed(string who) => new(
            $"'{Path}{LogSuffix}' was removed while {who} has '{Path}' open, and that process still writes to the removed file. Nothing was changed; close the log there, then open it again.");
    }

#pragma warning disable RS0030 // The other process says nothing when it is done.
    private static void Pause() => Thread.Sleep(5);
#pragma warning restore RS0030

    private bool MayCheckpoint()
    {
        if (Identity is not { } opened || FileStatus.Of(_logName) is not { } log || FileStatus.Of(_indexName) is not { } index) return true;
        var (isLogMine, isIndexMine) = (log.Identity == _log, index.Identity == _index);
        if (isLogMine && isIndexMine) return true;
        if ((log.Exists && !isLogMine) || (index.Exists && !isIndexMine)) return false;
        return FileStatus.Of(_name) is { } main && main.Identity == opened && (main.Size, main.Changed) == _contentSeen;
    }
}
