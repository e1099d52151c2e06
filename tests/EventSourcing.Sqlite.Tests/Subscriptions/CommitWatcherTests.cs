using EventSourcing.Sqlite.Internal;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Subscriptions;

[Platform("Linux", Reason = "Elsewhere the system may not tell of writes, and the watcher looks every 100 ms.")]
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CommitWatcherTests : IAsyncDisposable
{
    private readonly TemporaryFile _file = new();
    private readonly CommitSignal _signal = new();
    private readonly SqliteEventLog _others;
    private readonly StoreFile _storeFile;
    private readonly CommitWatcher _watcher;
    private int _opened;

    public CommitWatcherTests()
    {
        _others = SqliteEventLog.Open(_file.Path);
        _storeFile = new(_file.Path, TimeProvider.System);
        _watcher = new(_storeFile, _signal, OpenReader, null);
        _signal.Awaited += _watcher.Start;
    }

    public async ValueTask DisposeAsync()
    {
        await _watcher.DisposeAsync();
        await _others.DisposeAsync();
        _file.Dispose();
    }

    [Test]
    public async Task One_who_waits_and_reads_in_turn_is_watched_for_by_one_connection()
    {
        for (var seen = 0; seen < 20; seen++)
        {
            await ExpectPublishedAsync(seen);
            // What was told of the write comes while nobody waits.
            await Task.Delay(20);
        }

        _opened.Should().Be(1);
    }

    [Test]
    public async Task Commits_of_others_are_published_while_this_log_commits_all_the_time()
    {
        for (var seen = 0; seen < 20; seen++)
        {
            for (var i = 0; i < 100; i++) _signal.CountOwn();
            await ExpectPublishedAsync(seen);
        }
    }

    private async Task ExpectPublishedAsync(long seen)
    {
        var waiting = _signal.WaitAsync(seen, default);
        await _others.AppendAsync(new LogAppend
        {
            Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = new byte[] { 1 } } }) },
        }, default);
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private Reader OpenReader()
    {
        Interlocked.Increment(ref _opened);
        return Connections.OpenReader(_storeFile, new(_storeFile.Path), new(), new(1));
    }
}
