using System.Runtime.InteropServices;

namespace EventSourcing.Sqlite.Files;

/// <summary>Brings names and contents of files to the disk.</summary>
internal static unsafe class FileDurability
{
    private const int NotSupported = 22;

    /// <summary>Brings the names in a folder to the disk: only then a new file is found after a power cut. Windows writes names to its own log, and knows no such call.</summary>
    /// <exception cref="IOException">The system reports an error.</exception>
    internal static void SynchronizeFolder(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        int descriptor;
        fixed (byte* name = FileStatus.Name(path)) descriptor = open(name, 0);
        var isSynchronized = descriptor >= 0 && (fsync(descriptor) == 0 || Marshal.GetLastSystemError() == NotSupported);
        if (descriptor >= 0) _ = close(descriptor);
        if (!isSynchronized) throw new IOException($"the directory '{path}' could not be synchronized");
    }

    /// <summary>Brings a write-ahead log to the disk. SQLite holds no lock on it, so that the file may be opened and closed here (sqlite.org/howtocorrupt.html, 2.2).</summary>
    /// <exception cref="IOException">The system reports an error.</exception>
    internal static void SynchronizeWriteAheadLog(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(file);
    }

    [DllImport("libc")]
    private static extern int open(byte* path, int flags);

    [DllImport("libc")]
    private static extern int fsync(int descriptor);

    [DllImport("libc")]
    private static extern int close(int descriptor);
}
