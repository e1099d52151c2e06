using System.Runtime.InteropServices;
using EventSourcing.Sqlite.Files;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>The folder of a log's views: names of files, and making and removing them.</summary>
internal sealed unsafe class ViewFolder(string logPath)
{
    private const string Extension = ".db";
    private const UnixFileMode UserOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const uint SameUser = uint.MaxValue;

    // The database file first, so that SQLite never finds one without its write-ahead log. What is left after it is no one's: a name is used once.
    private static readonly string[] s_suffixes = ["", "-journal", "-wal", "-shm"];

    private readonly string _path = logPath + ".views";

    internal string PathOf(ViewBuildId id) => Path.Combine(_path, id + Extension);

    /// <summary>The builds of which there is a file of any kind.</summary>
    internal IReadOnlyList<ViewBuildId> Find()
    {
        var found = new SortedSet<ViewBuildId>();
        try
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(_path))
            {
                var name = Path.GetFileName(entry.AsSpan());
                foreach (var suffix in s_suffixes)
                    if (name.EndsWith(Extension + suffix, StringComparison.Ordinal) && ViewBuildId.TryParse(name[..^(Extension.Length + suffix.Length)], out var id)) found.Add(id);
            }
        }
        catch (DirectoryNotFoundException)
        {
            // It is made with the first build.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Translate(e, $"The folder '{_path}' cannot be read");
        }

        return [.. found];
    }

    /// <summary>Makes an empty file with permissions and owner of the log's file.</summary>
    /// <exception cref="InvalidOperationException">There is one, or a part of one.</exception>
    internal void MakeFile(ViewBuildId id)
    {
        var path = PathOf(id);
        FileErrors.Translating($"'{path}' was not made", () =>
        {
            var (folderMode, fileMode) = Modes();
            if (!Directory.Exists(_path))
            {
                // Does nothing where another call has made it meanwhile.
                if (OperatingSystem.IsWindows()) Directory.CreateDirectory(_path);
                else Directory.CreateDirectory(_path, UserOnly | UnixFileMode.UserExecute);
                TakeOver(_path, folderMode);
            }

            if (Array.Find(s_suffixes, suffix => Path.Exists(path + suffix)) is { } taken) throw new InvalidOperationException($"The build '{id}' exists: '{path}{taken}'.");
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
            // Nobody else may read it before it has its owner.
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UserOnly;
            try
            {
                new FileStream(path, options).Dispose();
            }
            catch (IOException) when (Path.Exists(path))
            {
                throw new InvalidOperationException($"The build '{id}' exists: '{path}'.");
            }

            try
            {
                TakeOver(path, fileMode);
            }
            catch
            {
                File.Delete(path);
                throw;
            }
        });
    }

    /// <returns>False when the system forbids it, because a process has the file open.</returns>
    internal bool TryRemove(ViewBuildId id)
    {
        var path = PathOf(id);
        foreach (var suffix in s_suffixes)
        {
            try
            {
                File.Delete(path + suffix);
            }
            catch (DirectoryNotFoundException)
            {
                return true;
            }
            catch (IOException) when (OperatingSystem.IsWindows())
            {
                return false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw FileErrors.Translate(e, $"'{path}{suffix}' was not removed");
            }
        }

        return true;
    }

    // Who may read the log may read the folder.
    private (UnixFileMode Folder, UnixFileMode File) Modes()
    {
        if (OperatingSystem.IsWindows()) return default;
        const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        var mode = File.GetUnixFileMode(logPath) | UserOnly;
        return (mode | (UnixFileMode)((int)(mode & Read) >> 2), mode);
    }

    private void TakeOver(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows()) return;
        if (FileStatus.Of(logPath) is { Exists: true, Owner: var wanted } && FileStatus.Of(path) is { } made && made.Owner != wanted)
        {
            // Another user's files are given only by the system's user; a group, by its members. Elsewhere they stay with the user of this process, as SQLite's own do.
            fixed (byte* name = FileStatus.Name(path))
                if (chown(name, wanted.User, wanted.Group) != 0) _ = chown(name, SameUser, wanted.Group);
        }

        File.SetUnixFileMode(path, mode);
    }

    [DllImport("libc")]
    private static extern int chown(byte* path, uint user, uint group);
}
