using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests;

[Parallelizable(ParallelScope.All)]
public class WriteAheadLogLengthTests
{
    private const int BytesOfPage = 4096 + 24;

    // A commit is checked after it was written, so the last one may stand beyond the limit.
    private const int Slack = 64;

    [Test]
    public async Task Small_durable_commits_keep_the_write_ahead_log_short()
    {
        (await PagesAfterAsync(commits: 1500, eventsEach: 1, Durability.Full)).Should().BeInRange(900, 1000 + Slack);
    }

    [Test]
    public async Task Write_ahead_log_takes_the_whole_length_for_large_commits()
    {
        (await PagesAfterAsync(commits: 400, eventsEach: 300, Durability.Full)).Should().BeInRange(3900, 4000 + Slack);
    }

    [Test]
    public async Task Write_ahead_log_takes_the_whole_length_where_commits_do_not_fsync()
    {
        (await PagesAfterAsync(commits: 2500, eventsEach: 1, Durability.ProcessCrashOnly)).Should().BeInRange(3900, 4000 + Slack);
    }

    [Test]
    public async Task Write_ahead_log_grows_with_what_was_written()
    {
        (await PagesAfterAsync(commits: 10_000, eventsEach: 1, Durability.Full)).Should().BeInRange(1200, 4000 + Slack);
    }

    [Test]
    public async Task Length_that_was_asked_for_is_not_passed()
    {
        (await PagesAfterAsync(commits: 500, eventsEach: 1, Durability.Full, pages: 100)).Should().BeInRange(90, 100 + Slack);
    }

    private static async Task<long> PagesAfterAsync(int commits, int eventsEach, Durability durability, int pages = 4000)
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path, new() { Durability = durability, CheckpointPages = pages });
        var events = Enumerable.Repeat(new LogEvent { Type = "t", Data = new byte[300] }, eventsEach).ToArray();
        for (var i = 0; i < commits; i++)
            await log.AppendAsync(new() { Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, events) } }, default);
        return new FileInfo(file.Path + "-wal").Length / BytesOfPage;
    }
}
