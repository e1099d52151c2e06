using System.Runtime.InteropServices;
using System.Text;
using EventSourcing.Sqlite.Files;

namespace EventSourcing.Sqlite.Backup;

/// <summary>The file of a backup: it is filled under another name in the same directory, and has its own name only when it is whole and durable.</summary>
internal sealed unsafe class BackupFile : IDisposable
{
    private const string Suffix = ".partial";

    // Where the header says which journal the file has (sqlite.org/fileformat2.html, "File format version numbers").
    private const int JournalVersions = 18;
    private const byte RollbackJournal = 1;
    private const int NoReplace = 1, WorkingDirectory = -100, AlreadyExists = 17;

    private static readonly string[] s_companions = ["", "-wal", "-shm", "-journal"];

    private FileStream? _file;
    private bool _isPublished;

    private BackupFile(string path) =>
        (Path, Partial) = (path, System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, $"backup-{Guid.NewGuid():N}{Suffix}"));

    /// <summary>The name that it will have.</summary>
    internal string Path { get; }

    /// <summary>The name that it has until then.</summary>
    internal string Partial { get; }

    /// <summary>Checks a path and creates an empty file beside it, with the permissions of the log's file.</summary>
    internal static BackupFile Create(string path, string source)
    {
        var full = System.IO.Path.GetFullPath(path);
        if (!Directory.Exists(System.IO.Path.GetDirectoryName(full)))
            throw new StoreConfigurationException($"The backup '{full}' was not written: its directory does not exist. Create the directory, or correct the path.");
        var file = new BackupFile(full);
        file.RefuseExisting();
        Try(full, () =>
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite, BufferSize = 0 };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = File.GetUnixFileMode(source) | UnixFileMode.UserRead | UnixFileMode.UserWrite;
            file._file = new(file.Partial, options);
        });
        return file;
    }

    /// <summary>Refuses a path that names no file, or one that SQLite would take for a part of another.</summary>
    internal static void ThrowIfInvalid(string path)
    {
        LogPath.ThrowIfNoPath(path, nameof(path));
        if (System.IO.Path.EndsInDirectorySeparator(path) || Directory.Exists(path))
            throw new StoreConfigurationException($"The backup '{path}' was not written: it is a directory. Pass the path of a new file.");
        if (Array.Find(s_companions, c => c.Length > 0 && path.EndsWith(c, StringComparison.Ordinal)) is { } companion)
            throw new ArgumentException($"'{path}' ends in '{companion}': SQLite would take it for a part of the database beside it.", nameof(path));
    }

    /// <summary>Brings what is written so far to the disk: all of it at the end, at once, would keep the disk from the appends of others.</summary>
    internal void Synchronize() => Try(Path, () => _file!.Flush(flushToDisk: true));

    /// <summary>Makes the file durable and gives it its name. SQLite has it open no more.</summary>
    /// <returns>Its size in bytes.</returns>
    internal long Publish()
    {
        var bytes = 0L;
        Try(Path, () =>
        {
            using (_file)
            {
                // With a rollback journal, because a file in WAL mode cannot be read on media that take no -shm beside it.
                _file!.Position = JournalVersions;
                _file.Write([RollbackJournal, RollbackJournal]);
                _file.Flush(flushToDisk: true);
                bytes = _file.Length;
            }

            RefuseExisting();
            Rename();
            _isPublished = true;
            try
            {
                FileDurability.SynchronizeFolder(System.IO.Path.GetDirectoryName(Path)!);
            }
            catch (IOException)
            {
                // It may be gone after a power cut: so it is no backup.
                File.Delete(Path);
                throw;
            }
        });
        return bytes;
    }

    /// <summary>Removes what is not whole.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        if (_isPublished) return;
        try
        {
            File.Delete(Partial);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error of the backup is thrown; the name shows that this file is no backup.
        }
    }

    private void RefuseExisting()
    {
        foreach (var companion in s_companions)
        {
            // A link that leads nowhere is there as well.
            var found = new FileInfo(Path + companion);
            if (found.Exists || found.LinkTarget is not null || Directory.Exists(found.FullName)) throw new BackupTargetExistsException(Path, found.FullName);
        }
    }

    // Of two backups to one path that end together, one gets the name.
    private void Rename()
    {
        if (!OperatingSystem.IsLinux())
        {
            File.Move(Partial, Path);
            return;
        }

        fixed (byte* from = Encoding.UTF8.GetBytes(Partial + "\0"), to = Encoding.UTF8.GetBytes(Path + "\0"))
        {
            if (renameat2(WorkingDirectory, from, WorkingDirectory, to, NoReplace) == 0) return;
            var error = Marshal.GetLastSystemError();
            if (error == AlreadyExists) throw new BackupTargetExistsException(Path, Path);
            // File systems that do not know the flag, network ones mostly, say so; for the rest File.Move has the words.
            File.Move(Partial, Path);
        }
    }

    private static void Try(string path, Action work) => FileErrors.Translating($"The backup '{path}' was not written", work);

    [DllImport("libc")]
    private static extern int renameat2(int fromDirectory, byte* from, int toDirectory, byte* to, uint flags);
}
