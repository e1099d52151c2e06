using System.Globalization;
using EventSourcing.Sqlite.Files;

namespace EventSourcing.Sqlite.Views;

/// <summary>The file of a build and its write-ahead log as they were opened. Tells them from others that take their names later, and sees that the file became shorter, which it never does by itself. Thread-safe.</summary>
internal sealed class ViewFile
{
    /// <summary>The size of a page.</summary>
    internal const int PageBytes = 4096;

    private readonly byte[] _name, _logName;
    // Null where the system does not say.
    private readonly FileIdentity? _main;
    private readonly Lock _lock = new();
    private FileIdentity? _log;
    private long _largest;
    private (long, long) _changed;

    /// <exception cref="StoreCorruptException">There is something else than a file, or a file that was truncated.</exception>
    internal ViewFile(string path)
    {
        Path = path;
        (_name, _logName) = (FileStatus.Name(path), FileStatus.Name(path + "-wal"));
        // First: a checkpoint empties the log after it has written the file.
        var log = FileStatus.Of(_logName);
        if (FileStatus.Of(_name) is not { } found) return;
        if (found is { Exists: true, IsFile: false } or { Links: > 1 })
            throw new StoreCorruptException($"The place of the build has {(found.IsLink ? "a symbolic link" : found.IsDirectory ? "a directory" : found.IsFile ? "a file with several names (hard links)" : "no ordinary file")}. Rebuild the view.", path);
        if (found.Exists && found.Size == 0) throw new StoreCorruptException("The file is empty. Rebuild the view.", path);
        // SQLite reads what is missing of the last page as zeros. A checkpoint that was stopped may leave that too, and then the log has the page.
        if (log is { Size: 0 } && found.Size % PageBytes != 0)
            throw new StoreCorruptException(string.Create(CultureInfo.InvariantCulture, $"The file was truncated: its {found.Size} bytes are no whole number of pages. Rebuild the view."), path);
        (_main, _largest, _changed) = (found.Identity, found.Size, found.Changed);
    }

    private ViewFile(string path, byte[] name) => (Path, _name, _logName) = (path, name, name);

    internal string Path { get; }

    /// <summary>The file of a log, which looks after it by itself.</summary>
    internal static ViewFile OfLog(string path) => new(path, FileStatus.Name(path));

    /// <summary>Remembers the write-ahead log, which the first read has opened.</summary>
    internal void AdoptLog() => _log = FileStatus.Of(_logName) is { Exists: true } log ? log.Identity : null;

    /// <summary>True while the name stands for the file that was opened.</summary>
    internal bool IsInPlace => _main is not { } opened || FileStatus.Of(_name) is not { } found || found.Identity == opened;

    /// <summary>Looks at the files again.</summary>
    /// <returns>When the content was written, where that was after it was opened or accepted: by a checkpoint, or by a program that knows nothing of SQLite. Null when it was not, or the system does not say.</returns>
    /// <exception cref="StoreCorruptException">The file was removed, replaced or truncated.</exception>
    internal (long, long)? ThrowIfReplaced()
    {
        long largest;
        (long, long) changed;
        // Read before the size: another thread may see a larger file meanwhile.
        lock (_lock) (largest, changed) = (_largest, _changed);
        if (_main is not { } opened || FileStatus.Of(_name) is not { } found) return null;
        if (!found.Exists) throw ViewErrors.Removed(Path);
        if (found.Identity != opened) throw new StoreCorruptException("The file was replaced by another file while it was open. Rebuild the view.", Path);
        if (found.Size < largest) throw new StoreCorruptException(string.Create(CultureInfo.InvariantCulture, $"The file was truncated while it was open: it has {found.Size} bytes, and had {largest}. Rebuild the view."), Path);
        if (_log is { } log && FileStatus.Of(_logName) is { } foundLog && foundLog.Identity != log)
            throw new StoreCorruptException($"Its write-ahead log '{Path}-wal' was {(foundLog.Exists ? "replaced by another file" : "removed")} while it was open. Rebuild the view.", Path);
        if (found.Size > largest)
            lock (_lock) _largest = Math.Max(_largest, found.Size);
        return found.Changed == changed ? null : found.Changed;
    }

    /// <summary>The content as it was written then was examined.</summary>
    internal void Accept((long, long) changed)
    {
        lock (_lock) _changed = changed;
    }
}
