using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Backup;

/// <summary>A file system of its own, in memory, that is soon full. Mounted where that is allowed; elsewhere the test is skipped.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    internal string Path { get; }

    internal static SmallDisk Mount(string folder, int kibibytes)
    {
        var path = Directory.CreateDirectory(System.IO.Path.Combine(folder, "disk")).FullName;
        if (!Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={kibibytes}k"), "tmpfs", path)) Assert.Ignore("A file system cannot be mounted here.");
        return new(path);
    }

    /// <summary>Lets nobody write there any more.</summary>
    internal void MakeReadOnly() => Assert.That(Run("mount", "-o", "remount,ro", Path), Is.True);

    public void Dispose() => Run("umount", "-l", Path);

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
