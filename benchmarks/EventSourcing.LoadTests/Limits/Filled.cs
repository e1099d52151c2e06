using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Files to read from: the events of all streams interleaved, which is the worst case for reading one stream.</summary>
internal static class Filled
{
    private const int PerAppend = 1000;

    public static async Task OursAsync(DatabaseFile file, int events, int streams)
    {
        await using var log = SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });
        var names = Sample.ShortNames(streams);
        var caller = new LogCaller(log, PerAppend, 1);
        for (var i = 0; i < events; i += PerAppend)
        {
            for (var k = 0; k < PerAppend; k++) caller.Set(k, names[(i + k) % streams], (i + k) / streams);
            await caller.AppendAsync();
        }
    }

    public static void Floor(DatabaseFile file, int events, int streams)
    {
        using var floor = new AdoFloor(file.Path, Pragmas.Ours(Durability.ProcessCrashOnly), create: true);
        var names = Sample.ShortNames(streams);
        for (var i = 0; i < events; i += PerAppend)
        {
            var transaction = floor.Begin();
            for (var k = i; k < i + PerAppend; k++) floor.Insert(names[k % streams], (k / streams) + 1);
            floor.Commit(transaction);
        }

        floor.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}
