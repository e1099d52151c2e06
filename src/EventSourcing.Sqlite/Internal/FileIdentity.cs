using System.Runtime.InteropServices;
using System.Text;

namespace EventSourcing.Sqlite.Internal;

/// <summary>What the operating system knows a file by, whatever its name: device and inode.</summary>
/// <remarks>The file is asked about, never opened: closing it would drop the locks that SQLite holds on it in this process (sqlite.org/howtocorrupt.html, 2.2).</remarks>
internal readonly unsafe record struct FileIdentity(ulong Device, ulong Inode)
{
    private const int WorkingDirectory = -100, DescriptorItself = 0x1000;
    private const uint WantInode = 0x100;
    private const int NoSuchFile = 2, NotADirectory = 20;

    /// <summary>The file at a path: null where the system does not say, the default where there is none.</summary>
    /// <remarks>Linux only: Windows lets nobody replace a file that SQLite has open.</remarks>
    internal static FileIdentity? Of(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
                if (TryAsk(WorkingDirectory, name, 0, out var identity)) return identity;

            return Marshal.GetLastSystemError() is NoSuchFile or NotADirectory ? default(FileIdentity) : null;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library from before 2018.
            return null;
        }
    }

    /// <summary>The file that a descriptor of this process stands for: null when there is none. Linux only.</summary>
    internal static FileIdentity? OfDescriptor(int descriptor)
    {
        fixed (byte* name = "\0"u8) return descriptor >= 0 && TryAsk(descriptor, name, DescriptorItself, out var identity) ? identity : null;
    }

    private static bool TryAsk(int directory, byte* name, int flags, out FileIdentity identity)
    {
        Status status;
        var isKnown = statx(directory, name, flags, WantInode, &status) == 0;
        identity = isKnown ? new(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode) : default;
        return isKnown;
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
