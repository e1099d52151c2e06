using System.Runtime.InteropServices;
using System.Text;

namespace EventSourcing.Sqlite.Files;

/// <summary>Paths as Linux and macOS resolve them (man 7 path_resolution): a link is followed where it stands, and <c>..</c> is the parent of the directory that was reached, not of the text before it.</summary>
internal static unsafe class UnixPath
{
    /// <summary>The longest path of a database in bytes: SQLite takes 512, and keeps 8 of them for <c>-journal</c> (sqlite3PagerOpen in sqlite.org/src/file/src/pager.c).</summary>
    internal const int LongestDatabase = 504;

    private const int Longest = 4096, LinksAtMost = 40;
    private const int NotPermitted = 1, NoSuchFile = 2, PermissionDenied = 13, NotADirectory = 20, ReadOnlyFileSystem = 30;
    private const int Readable = 4, Writable = 2, Enterable = 1;

    // The numbers of two errors are not the same on Linux and macOS.
    private static int TooLong => OperatingSystem.IsMacOS() ? 63 : 36;

    private static int TooManyLinks => OperatingSystem.IsMacOS() ? 62 : 40;

    /// <summary>The full path of a file that is there, or of one that may be created, with every link resolved.</summary>
    /// <exception cref="ArgumentException">The path is too long or is no valid text.</exception>
    /// <exception cref="StoreConfigurationException">The path names a directory, a directory of it does not exist or may not be entered, or links lead in a circle.</exception>
    internal static string Resolve(string path)
    {
        if (!IsValid(path)) throw new ArgumentException($"'{path}' has half of a surrogate pair, which no file's name can hold.", nameof(path));
        var wanted = path.StartsWith('/') ? path : $"{Environment.CurrentDirectory}/{path}";
        if (Encoding.UTF8.GetByteCount(wanted) >= Longest) throw Trouble(path, wanted, TooLong);
        for (var links = 0; links <= LinksAtMost; links++)
        {
            if (Real(wanted, path, out var error) is { } found) return Checked(found, path);
            if (error != NoSuchFile) throw Trouble(path, wanted, error);
            // No file yet, or a link to none: its directory has to be there.
            var slash = wanted.LastIndexOf('/');
            var (parent, name) = (wanted[..(slash + 1)], wanted[(slash + 1)..]);
            var directory = Real(parent, path, out error) ?? throw Trouble(path, parent, error);
            if (name is "" or "." or "..") throw new StoreConfigurationException($"'{path}' names a directory. Nothing was changed; pass the path of the log's file.");
            var file = directory == "/" ? $"/{name}" : $"{directory}/{name}";
            if (FileStatus.Of(file) is not { IsLink: true }) return Checked(file, path);
            var target = new FileInfo(file).LinkTarget ?? "";
            wanted = target.StartsWith('/') ? target : $"{directory}/{target}";
        }

        throw Trouble(path, path, TooManyLinks);
    }

    /// <summary>Why this process may not write a file or make files in a directory; null when it may.</summary>
    internal static string? WhyNotWritable(string path, bool isDirectory) => Why(path, isDirectory ? Writable | Enterable : Writable);

    /// <summary>Why this process may not read a file; null when it may.</summary>
    internal static string? WhyNotReadable(string path) => Why(path, Readable);

    private static string? Why(string path, int mode)
    {
        fixed (byte* name = FileStatus.Name(path))
            if (access(name, mode) == 0) return null;
        return Marshal.GetLastSystemError() switch
        {
            NoSuchFile => null,
            ReadOnlyFileSystem => "it lies on a file system that is mounted read-only",
            NotPermitted => "the system protects it from changes",
            PermissionDenied => "this process lacks the permission",
            var error => $"the system says error {error}",
        };
    }

    private static string? Real(string wanted, string path, out int error)
    {
        var resolved = stackalloc byte[Longest];
        error = 0;
        fixed (byte* name = FileStatus.Name(wanted))
        {
            if (realpath(name, resolved) is null)
            {
                error = Marshal.GetLastSystemError();
                return null;
            }
        }

        var bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(resolved);
        var found = Encoding.UTF8.GetString(bytes);
        return Encoding.UTF8.GetBytes(found).AsSpan().SequenceEqual(bytes)
            ? found
            : throw new ArgumentException($"'{path}' leads to '{found}', whose name is no valid UTF-8: SQLite could not open it by name. Rename it.", nameof(path));
    }

    private static string Checked(string file, string path)
    {
        var bytes = Encoding.UTF8.GetByteCount(file);
        return bytes <= LongestDatabase
            ? file
            : throw new ArgumentException($"'{path}' is too long: with links resolved it takes {bytes} bytes, and SQLite opens paths of at most {LongestDatabase}.", nameof(path));
    }

    private static Exception Trouble(string path, string where, int error)
    {
        if (error == TooLong) return new ArgumentException($"'{path}' is too long: SQLite opens paths of at most {LongestDatabase} bytes.", nameof(path));
        if (error == TooManyLinks) return new StoreConfigurationException($"'{path}' cannot be opened: its symbolic links lead in a circle. Nothing was changed; correct the links.");
        return new StoreConfigurationException(error switch
        {
            NoSuchFile => $"The directory of '{path}' does not exist. Nothing was changed; create the directory, or correct the path: Open creates the file only.",
            NotADirectory => $"'{path}' cannot be opened: a part of it is a file where a directory has to be. Nothing was changed; correct the path.",
            PermissionDenied => $"'{path}' cannot be opened: this process may not enter a directory on the way to it. Nothing was changed; give its user the right to enter (x) every directory of the path.",
            _ => $"'{path}' cannot be opened: the system reports error {error} for '{where}'. Nothing was changed; correct the path or what is at that place.",
        });
    }

    private static bool IsValid(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }

        return true;
    }

    [DllImport("libc")]
    private static extern byte* realpath(byte* path, byte* resolved);

    [DllImport("libc")]
    private static extern int access(byte* path, int mode);
}
