using EventSourcing.Sqlite.Internal;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Subscriptions;

[Platform("Linux", Reason = "Elsewhere the system may not tell of writes, and the watcher looks every 100 ms.")]
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class CommitWatcherTests
{
    private int _opened;

    [Test]
    public async Task One_who_waits_and_reads_in_turn_is_watched_for_by_one_connection()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await AppendAsync(log);
        var signal = new CommitSignal();
        await using var watcher = Watch(file, signal);

        for (var seen = 1; seen <= 20; seen++)
        {
            await ExpectPublishedAsync(log, signal, seen);
            // What was told of the write comes while nobody waits.
            await Task.Delay(20);
        }

        _opened.Should().Be(1);
    }

    [Test]
    public async Task Commits_of_others_are_published_while_this_log_commits_all_the_time()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await AppendAsync(log);
        var signal = new CommitSignal();
        await using var watcher = Watch(file, signal);

        for (var seen = 1; seen <= 20; seen++)
        {
            for (var i = 0; i < 100; i++) signal.CountOwn();
            await ExpectPublishedAsync(log, signal, seen);
        }
    }

    private CommitWatcher Watch(TemporaryFile file, CommitSignal signal)
    {
        var storeFile = new StoreFile(file.Path, TimeProvider.System);
        var watcher = new CommitWatcher(storeFile, signal, OpenReader, null);
        signal.Awaited += watcher.Start;
        return watcher;

        Reader OpenReader()
        {
            Interlocked.Increment(ref _opened);
            return Connections.OpenReader(storeFile, new(), new(1));
        }
    }

    private static async Task ExpectPublishedAsync(SqliteEventLog log, CommitSignal signal, long seen)
    {
        var waiting = signal.WaitAsync(seen, default);
        await AppendAsync(log);
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static async Task AppendAsync(SqliteEventLog log) => await log.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = new byte[] { 1 } } }) },
    }, default);
}
