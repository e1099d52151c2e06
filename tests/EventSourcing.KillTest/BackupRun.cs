using System.Diagnostics;
using System.Text;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.KillTest;

/// <summary>What a run saw.</summary>
/// <param name="Kills">Processes killed.</param>
/// <param name="KillsInTheMiddle">Of these, how many left a partial file.</param>
/// <param name="Whole">Of these, how many had given the backup its name.</param>
/// <param name="Wrong">Backups that had their name and were not the log.</param>
/// <param name="Findings">What the verification of the log and of a last backup found.</param>
public sealed record BackupReport(int Kills, int KillsInTheMiddle, int Whole, int Wrong, int Findings);

/// <summary>A process that writes a backup is killed again and again: what has the backup's name is whole, and the log is as it was.</summary>
public static class BackupRun
{
    /// <summary>Kills <paramref name="kills"/> processes that copy a log of <paramref name="events"/> events.</summary>
    public static async Task<BackupReport> RunAsync(string folder, int kills, int events, int seed)
    {
        var random = new Random(seed);
        var (path, target) = (Path.Combine(folder, "log.db"), Path.Combine(folder, "backup.db"));
        await FillAsync(path, events);
        var longest = await TimeAsync(path, target);
        File.Delete(target);
        var (middle, whole, wrong) = (0, 0, 0);
        for (var i = 0; i < kills; i++)
        {
            using var child = Start(path, target);
            await child.StandardOutput.ReadLineAsync();
            var until = Stopwatch.GetTimestamp() + (long)(random.NextDouble() * 1.2 * longest.TotalSeconds * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < until) Thread.Yield();
            child.Kill();
            await child.WaitForExitAsync();
            var partials = Directory.GetFiles(folder, "backup-*.partial");
            middle += partials.Length;
            Array.ForEach(partials, File.Delete);
            if (!File.Exists(target)) continue;
            whole++;
            if (!await IsWholeAsync(target, events)) wrong++;
            File.Delete(target);
        }

        await using var log = SqliteEventLog.Open(path);
        var findings = (await log.VerifyAsync()).Issues.Count;
        await log.BackupAsync(target);
        return new(kills, middle, whole, wrong, findings + (await SqliteEventLog.VerifyAsync(target)).Issues.Count);
    }

    /// <summary>The process to be killed: writes a backup.</summary>
    public static async Task ChildAsync(string path, string target)
    {
        await using var log = SqliteEventLog.Open(path);
        Console.WriteLine("open");
        await log.BackupAsync(target);
        Console.WriteLine("done");
    }

    private static async Task<bool> IsWholeAsync(string target, int events)
    {
        var verification = await SqliteEventLog.VerifyAsync(target);
        return verification.IsIntact && verification.Events == events;
    }

    private static async Task FillAsync(string path, int events)
    {
        await using var log = SqliteEventLog.Open(path);
        var data = Encoding.UTF8.GetBytes($$"""{"text":"{{new string('x', 500)}}"}""");
        foreach (var lot in Enumerable.Range(0, events).Chunk(1000))
        {
            var writes = new StreamWrite[] { new("s", ExpectedVersion.Any, lot.Select(_ => new LogEvent { Type = "t", Data = data, IsJson = true }).ToArray()) };
            await log.AppendAsync(new() { Writes = writes }, default);
        }
    }

    private static Process Start(string path, string target) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(BackupRun).Assembly.Location, "backing", path, target]) { RedirectStandardOutput = true })!;

    // How long an undisturbed process takes from its opening to its end.
    private static async Task<TimeSpan> TimeAsync(string path, string target)
    {
        using var child = Start(path, target);
        await child.StandardOutput.ReadLineAsync();
        var started = Stopwatch.GetTimestamp();
        await child.StandardOutput.ReadLineAsync();
        var taken = Stopwatch.GetElapsedTime(started);
        await child.WaitForExitAsync();
        return taken;
    }
}
