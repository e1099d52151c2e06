using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Finds out whether another process has the log's file open: it holds a shared lock on it for as long (sqlite.org/fileformat2.html, "WAL-Mode File Format"; sqlite.org/lockingv3.html).</summary>
/// <remarks>The question is put to a descriptor that SQLite has open anyway, because closing one of our own would drop SQLite's locks (sqlite.org/howtocorrupt.html, 2.2).</remarks>
internal sealed unsafe class OtherProcesses(StoreFile file)
{
    // The bytes of the file that readers lock (SHARED_FIRST and SHARED_SIZE in sqlite.org/src/file/src/os.h).
    private const long FirstByte = 0x40000002, Bytes = 510;
    private const int GetLock = 5;
    private const short WriteLock = 1, NoLock = 2;

    private int _descriptor = -1;

    /// <summary>True when another process has the file open, and where nobody can say: 64-bit Linux tells.</summary>
    internal bool HaveFileOpen()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess) return true;
        if (file.Identity is not { } identity) return true;
        if (FileIdentity.OfDescriptor(_descriptor) != identity) _descriptor = Find(identity);
        return _descriptor < 0 || HaveLocked(_descriptor);
    }

    /// <summary>True when another process has a file open that this one has not: false where nobody can say. The descriptor is not SQLite's.</summary>
    internal static bool HaveOpen(SafeFileHandle file) =>
        OperatingSystem.IsLinux() && Environment.Is64BitProcess && HaveLocked((int)file.DangerousGetHandle());

    /// <summary>True when this process has a file open: false where nobody can say.</summary>
    internal static bool IsOpenHere(string path) => OperatingSystem.IsLinux() && FileIdentity.Of(path) is { } identity && identity != default && Find(identity) >= 0;

    private static bool HaveLocked(int descriptor)
    {
        var found = new FileLock { Type = WriteLock, Start = FirstByte, Length = Bytes };
        return fcntl(descriptor, GetLock, &found) != 0 || found.Type != NoLock;
    }

    private static int Find(FileIdentity identity)
    {
        try
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
            {
                if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor)
                    && FileIdentity.OfDescriptor(descriptor) == identity) return descriptor;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc here.
        }

        return -1;
    }

    // struct flock of 64-bit Linux.
    [StructLayout(LayoutKind.Explicit, Size = 32)]
    private struct FileLock
    {
        [FieldOffset(0)] internal short Type;
        [FieldOffset(8)] internal long Start;
        [FieldOffset(16)] internal long Length;
    }

    [DllImport("libc")]
    private static extern int fcntl(int descriptor, int command, FileLock* found);
}
