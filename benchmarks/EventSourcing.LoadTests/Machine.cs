using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace EventSourcing.LoadTests;

/// <summary>What figures without it mean nothing.</summary>
internal static class Machine
{
    public static string Describe(string directory)
    {
        var processor = Read("/proc/cpuinfo", "model name");
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, {Environment.ProcessorCount} × {processor}, {memory} GiB, {FileSystem(directory)}, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, SQLite {SqliteVersion()}, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
    }

    private static string Read(string file, string key) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";

    private static string FileSystem(string directory) =>
        DriveInfo.GetDrives().Where(d => directory.StartsWith(d.RootDirectory.FullName, StringComparison.Ordinal)).MaxBy(d => d.RootDirectory.FullName.Length)?.DriveFormat ?? "unknown file system";

    private static string SqliteVersion()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        return connection.ServerVersion;
    }
}
