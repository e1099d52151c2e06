using EventSourcing.Sqlite.Internal;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Subscriptions;

[Platform("Linux", Reason = "Elsewhere the system may not tell of writes, and the watcher looks every 100 ms.")]
[Parallelizable(ParallelScope.All)]
public class CommitWatcherTests
{
    [Test]
    public async Task One_who_waits_and_reads_in_turn_is_watched_for_by_one_connection()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await AppendAsync(log);
        var opened = 0;
        var signal = new CommitSignal();
        var storeFile = new StoreFile(file.Path, TimeProvider.System);
        Reader OpenReader()
        {
            Interlocked.Increment(ref opened);
            return Connections.OpenReader(storeFile, new(), new(1));
        }

        await using var watcher = new CommitWatcher(storeFile, signal, OpenReader, null);
        signal.Awaited += watcher.Start;

        for (var seen = 1; seen <= 20; seen++)
        {
            var waiting = signal.WaitAsync(seen, default);
            await AppendAsync(log);
            await waiting.WaitAsync(TimeSpan.FromSeconds(30));
            // What was told of the write comes while nobody waits.
            await Task.Delay(20);
        }

        opened.Should().Be(1);
    }

    private static async Task AppendAsync(SqliteEventLog log) => await log.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = new byte[] { 1 } } }) },
    }, default);
}
