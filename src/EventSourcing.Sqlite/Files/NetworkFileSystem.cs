using System.Text;

namespace EventSourcing.Sqlite.Files;

/// <summary>Finds out whether a file lies on another machine: locks and shared memory, which write-ahead logging needs, do not work there (sqlite.org/wal.html, "Overview").</summary>
internal static class NetworkFileSystem
{
    private static readonly HashSet<string> s_types = new(StringComparer.Ordinal)
    {
        "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fhgfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "vboxsf", "vmhgfs",
        "fuse.ceph-fuse", "fuse.cifs", "fuse.curlftpfs", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.juicefs", "fuse.nfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "fuse.vmhgfs-fuse",
    };

    /// <exception cref="StoreConfigurationException">The directory lies on a network file system.</exception>
    internal static void Refuse(string file)
    {
        var directory = Path.GetDirectoryName(file)!;
        if (Find(directory) is { } type)
            throw new StoreConfigurationException($"'{file}' lies on a network file system ({type}), where several machines could damage it. Nothing was changed; put it on a local disk.");
    }

    /// <summary>True when a file is mounted by itself, by what the mounts say. Linux only.</summary>
    internal static bool IsMountPoint(string file)
    {
        try
        {
            return File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ') is { Length: > 5 } fields && Unescape(fields[4]) == file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc here.
            return false;
        }
    }

    /// <summary>The type of the network file system that a directory, links resolved, lies on; null where it is a local one or not known.</summary>
    internal static string? Find(string directory)
    {
        if (!OperatingSystem.IsLinux()) return IsNetworkDrive(directory) ? "network drive" : null;
        try
        {
            return TypeOf(directory, File.ReadLines("/proc/self/mountinfo")) is var type && IsNetwork(type) ? type : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc here.
            return null;
        }
    }

    /// <summary>True for the types that Linux gives to file systems of other machines.</summary>
    internal static bool IsNetwork(string type) => s_types.Contains(type);

    /// <summary>The type of the file system that a path lies on, by the lines of /proc/self/mountinfo (man 5 proc_pid_mountinfo); empty when none fits.</summary>
    internal static string TypeOf(string path, IEnumerable<string> mounts)
    {
        var (longest, type) = (-1, "");
        foreach (var line in mounts)
        {
            // id parent major:minor root mount-point options [fields] - type source options
            var fields = line.Split(' ');
            var separator = Array.IndexOf(fields, "-");
            if (separator < 5 || separator + 1 >= fields.Length) continue;
            var point = Unescape(fields[4]);
            // Of two mounted on one point, the later one hides the other.
            if (point.Length >= longest && IsBelow(path, point)) (longest, type) = (point.Length, fields[separator + 1]);
        }

        return type;
    }

    private static bool IsBelow(string path, string point) =>
        point == "/" || (path.StartsWith(point, StringComparison.Ordinal) && (path.Length == point.Length || path[point.Length] == '/'));

    // Blanks and the like are written as a backslash and three octal digits.
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        var text = new StringBuilder();
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                text.Append((char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }

    private static bool IsNetworkDrive(string directory)
    {
        try
        {
            return directory.StartsWith(@"\\", StringComparison.Ordinal) || new DriveInfo(directory).DriveType == DriveType.Network;
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            return false;
        }
    }
}
