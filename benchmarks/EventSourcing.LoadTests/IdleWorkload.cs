using EventSourcing.Benchmarks;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests;

/// <summary>A store with no call and no waiter, to be watched from outside: it makes no system call on its files.</summary>
internal static class IdleWorkload
{
    public static async Task RunAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "idle");
        await using var log = SqliteEventLog.Open(file.Path);
        await new LogCaller(log, 1, 1).AppendAsync("idle", 0);
        Console.WriteLine($"process {Environment.ProcessId}, file {file.Path}: idle for {settings.Seconds} s from now");
        Thread.Sleep(TimeSpan.FromSeconds(settings.Seconds));
        Console.WriteLine("idle no more");
    }
}
