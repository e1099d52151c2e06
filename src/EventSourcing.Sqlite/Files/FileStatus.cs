using System.Runtime.InteropServices;
using System.Text;

namespace EventSourcing.Sqlite.Files;

/// <summary>What the operating system says of a file, links not followed.</summary>
/// <remarks>Only the metadata is read. The file is never opened: closing it would drop the locks that SQLite holds on it in this process (sqlite.org/howtocorrupt.html, 2.2).</remarks>
internal readonly unsafe record struct FileStatus
{
    private const int WorkingDirectory = -100, LinkItself = 0x100, DescriptorItself = 0x1000;
    // Type, mode, number of links, user, group, time of the last change, inode, size.
    private const uint Wanted = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x100 | 0x200;
    private const ulong MountRoot = 0x2000;
    private const int NoSuchFile = 2, NotADirectory = 20;
    private const int TypeOfMode = 0xF000, Regular = 0x8000, Link = 0xA000, Folder = 0x4000;

    /// <summary>The default where there is no such file.</summary>
    internal FileIdentity Identity { get; private init; }

    internal bool Exists => Identity != default;

    /// <summary>How many names the file has.</summary>
    internal uint Links { get; private init; }

    internal bool IsFile { get; private init; }

    internal bool IsLink { get; private init; }

    internal bool IsDirectory { get; private init; }

    /// <summary>True when this one file is mounted; null when the system does not say (Linux before 5.8, and other systems).</summary>
    internal bool? IsMountPoint { get; private init; }

    internal long Size { get; private init; }

    /// <summary>The numbers of the user and of the group that the file belongs to.</summary>
    internal (uint User, uint Group) Owner { get; private init; }

    /// <summary>When the content was changed: seconds and nanoseconds, to compare only.</summary>
    internal (long Seconds, long Nanoseconds) Changed { get; private init; }

    /// <summary>A path as the system takes it.</summary>
    internal static byte[] Name(string path) => Encoding.UTF8.GetBytes(path + "\0");

    internal static FileStatus? Of(string path) => Of(Name(path));

    /// <summary>The file that a name stands for: null where the system does not say, the default where there is none.</summary>
    /// <remarks>Linux and macOS: on Windows, a file that SQLite has open cannot be replaced or removed.</remarks>
    internal static FileStatus? Of(byte[] name)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return null;
        try
        {
            fixed (byte* path = name)
                if (OperatingSystem.IsLinux() ? TryAsk(WorkingDirectory, path, LinkItself, out var status) : TryAskMac(path, out status)) return status;
            return Marshal.GetLastSystemError() is NoSuchFile or NotADirectory ? default(FileStatus) : null;
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
        fixed (byte* name = "\0"u8) return descriptor >= 0 && TryAsk(descriptor, name, DescriptorItself, out var status) ? status.Identity : null;
    }

    private static bool TryAsk(int directory, byte* name, int flags, out FileStatus found)
    {
        LinuxStatus status;
        var isKnown = statx(directory, name, flags, Wanted, &status) == 0;
        found = !isKnown ? default : Of(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode, status.Mode) with
        {
            Links = status.Links,
            IsMountPoint = (status.AttributesKnown & MountRoot) == 0 ? null : (status.Attributes & MountRoot) != 0,
            Size = status.Size,
            Owner = (status.User, status.Group),
            Changed = (status.ChangedSeconds, status.ChangedNanoseconds),
        };
        return isKnown;
    }

    private static bool TryAskMac(byte* name, out FileStatus found)
    {
        MacStatus status;
        var isKnown = (RuntimeInformation.ProcessArchitecture == Architecture.X64 ? lstatInode64(name, &status) : lstat(name, &status)) == 0;
        found = !isKnown ? default : Of(status.Device, status.Inode, status.Mode) with
        {
            Links = status.Links,
            Size = status.Size,
            Owner = (status.User, status.Group),
            Changed = (status.ChangedSeconds, status.ChangedNanoseconds),
        };
        return isKnown;
    }

    private static FileStatus Of(ulong device, ulong inode, ushort mode) => new()
    {
        Identity = new(device, inode),
        IsFile = (mode & TypeOfMode) == Regular,
        IsLink = (mode & TypeOfMode) == Link,
        IsDirectory = (mode & TypeOfMode) == Folder,
    };

    // The kernel's struct statx, the same on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct LinuxStatus
    {
        [FieldOffset(8)] internal ulong Attributes;
        [FieldOffset(16)] internal uint Links;
        [FieldOffset(20)] internal uint User;
        [FieldOffset(24)] internal uint Group;
        [FieldOffset(28)] internal ushort Mode;
        [FieldOffset(32)] internal ulong Inode;
        [FieldOffset(40)] internal long Size;
        [FieldOffset(56)] internal ulong AttributesKnown;
        [FieldOffset(112)] internal long ChangedSeconds;
        [FieldOffset(120)] internal uint ChangedNanoseconds;
        [FieldOffset(136)] internal uint DeviceMajor;
        [FieldOffset(140)] internal uint DeviceMinor;
    }

    // struct stat of macOS with inodes of 64 bits.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct MacStatus
    {
        [FieldOffset(0)] internal uint Device;
        [FieldOffset(4)] internal ushort Mode;
        [FieldOffset(6)] internal ushort Links;
        [FieldOffset(8)] internal ulong Inode;
        [FieldOffset(16)] internal uint User;
        [FieldOffset(20)] internal uint Group;
        [FieldOffset(48)] internal long ChangedSeconds;
        [FieldOffset(56)] internal long ChangedNanoseconds;
        [FieldOffset(96)] internal long Size;
    }

    [DllImport("libc")]
    private static extern int statx(int directory, byte* path, int flags, uint mask, LinuxStatus* status);

    [DllImport("libc")]
    private static extern int lstat(byte* path, MacStatus* status);

    [DllImport("libc", EntryPoint = "lstat$INODE64")]
    private static extern int lstatInode64(byte* path, MacStatus* status);
}
