using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing.Sqlite.Files;

/// <summary>Finds out whether another process has the log's file open: it holds a shared lock on it for as long (sqlite.org/fileformat2.html, "WAL-Mode File Format"; sqlite.org/lockingv3.html).</summary>
/// <remarks>The question is put to a descriptor that SQLite has open anyway, because closing one of our own would drop SQLite's locks (sqlite.org/howtocorrupt.html, 2.2).</remarks>
internal sealed unsafe class OtherProcesses(StoreFile file)
{
    // The bytes of the file that readers lock (SHARED_FIRST and SHARED_SIZE in sqlite.org/src/file/src/os.h).
    private const long FirstByte = 0x40000002, Bytes = 510;
    private const int GetLock = 5;
    private const short WriteLock = 1, NoLock = 2;

    // The file format's read version, 2 for a write-ahead log (sqlite.org/fileformat2.html, "The Database Header").
    private const int ReadVersionAt = 19;
    private const byte WriteAheadLog = 2;

    private int _descriptor = -1;

    /// <summary>True when another process has the file open, and where the system does not show it: only 64-bit Linux does.</summary>
    internal bool HaveFileOpen() => !TryFind() || !TryAsk(out var isLocked) || isLocked;

    /// <summary>True when another process is known to have the file open, and the file to be one with a write-ahead log.</summary>
    internal bool AreKnownToUseWriteAheadLog()
    {
        byte version = 0;
        return TryFind() && TryAsk(out var isLocked) && isLocked && pread(_descriptor, &version, 1, ReadVersionAt) == 1 && version == WriteAheadLog;
    }

    private bool TryFind()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess || file.Identity is not { } identity) return false;
        if (FileStatus.OfDescriptor(_descriptor) != identity) _descriptor = Find(identity);
        return _descriptor >= 0;
    }

    private bool TryAsk(out bool isLocked)
    {
        isLocked = false;
        return TryAsk(_descriptor, out isLocked);
    }

    /// <summary>True when another process has a file open that this one has not; false where the system does not show it. The descriptor is not SQLite's.</summary>
    internal static bool HaveOpen(SafeFileHandle file) =>
        OperatingSystem.IsLinux() && Environment.Is64BitProcess && TryAsk((int)file.DangerousGetHandle(), out var isLocked) && isLocked;

    /// <summary>True when this process has a file open; false where the system does not show it.</summary>
    internal static bool IsOpenHere(string path) => OperatingSystem.IsLinux() && FileStatus.Of(path) is { Exists: true } status && Find(status.Identity) >= 0;

    private static bool TryAsk(int descriptor, out bool isLocked)
    {
        var found = new FileLock { Type = WriteLock, Start = FirstByte, Length = Bytes };
        var isKnown = fcntl(descriptor, GetLock, &found) == 0;
        isLocked = isKnown && found.Type != NoLock;
        return isKnown;
    }

    private static int Find(FileIdentity identity)
    {
        foreach (var descriptor in Descriptors())
            if (FileStatus.OfDescriptor(descriptor) == identity) return descriptor;
        return -1;
    }

    /// <summary>What the descriptors of this process stand for, as the kernel writes it: a path, with " (deleted)" behind it where the file has no name any more. Empty where there is no /proc.</summary>
    internal static List<string> OpenFiles()
    {
        var files = new List<string>();
        foreach (var descriptor in Descriptors())
        {
            try
            {
                if (new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}")).LinkTarget is { } target) files.Add(target);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Closed meanwhile.
            }
        }

        return files;
    }

    private static List<int> Descriptors()
    {
        var found = new List<int>();
        try
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
                if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor)) found.Add(descriptor);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc here.
        }

        return found;
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

    [DllImport("libc")]
    private static extern nint pread(int descriptor, byte* buffer, nint count, long offset);
}
