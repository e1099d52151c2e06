using System.Runtime.InteropServices;
using System.Text;

namespace EventSourcing.Sqlite.Internal;

/// <summary>What the operating system knows a file by, whatever its name: device and inode.</summary>
/// <remarks>The file is asked about, never opened: closing it would drop the locks that SQLite holds on it in this process (sqlite.org/howtocorrupt.html, 2.2).</remarks>
internal readonly unsafe record struct FileIdentity(ulong Device, ulong Inode)
{
    private const int WorkingDirectory = -100;
    private const uint WantInode = 0x100;
    private const int NoSuchFile = 2, NotADirectory = 20;

    /// <summary>The file at a path: null where the system does not say, the default where there is none.</summary>
    /// <remarks>Linux only: Windows lets nobody replace a file that SQLite has open.</remarks>
    internal static FileIdentity? Of(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            Status status;
            fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
            {
                if (statx(WorkingDirectory, name, 0, WantInode, &status) == 0)
                    return new(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode);
            }

            return Marshal.GetLastSystemError() is NoSuchFile or NotADirectory ? default(FileIdentity) : null;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library from before 2018.
            return null;
        }
    }

    // The kernel's struct statx, the same on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(32)] internal ulong Inode;
        [FieldOffset(136)] internal uint DeviceMajor;
        [FieldOffset(140)] internal uint DeviceMinor;
    }

    [DllImport("libc")]
    private static extern int statx(int directory, byte* path, int flags, uint mask, Status* status);
}
