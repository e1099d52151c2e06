using EventSourcing.Internal;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Files;

[Platform("Linux", Reason = "Elsewhere a file that is open cannot be removed, or the system does not say.")]
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RemovedLogTests : IDisposable
{
    private static readonly TimeSpan s_untilLooked = TimeSpan.FromMilliseconds(50);
    private readonly TemporaryFile _file = new();
    private readonly FakeTimeProvider _time = new();

    private string Path => _file.Path;

    public void Dispose() => _file.Dispose();

    [TestCase("-wal")]
    [TestCase("-shm")]
    public async Task An_append_after_a_part_of_the_log_was_removed_fails_and_says_what_to_do(string part)
    {
        await using var log = Open();
        await AppendAsync(log);
        File.Delete(Path + part);

        _time.Advance(s_untilLooked);
        await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>().WithMessage($"*log.db{part}'*was removed while it was open*close it now*");
        await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>("the second call is told as well");
    }

    [TestCase("-wal")]
    [TestCase("-shm")]
    public async Task A_read_and_a_transaction_notice_it_too(string part)
    {
        await using var log = Open();
        await AppendAsync(log);
        (await log.ReadAsync(new AllRead(), default)).Dispose();
        File.Delete(Path + part);

        _time.Advance(s_untilLooked);
        await log.Awaiting(l => l.ReadAsync(new AllRead(), default).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*was removed*");
        await log.Awaiting(l => l.InSqliteTransactionAsync(_ => 0).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*was removed*");
        await log.Awaiting(l => l.VerifyAsync().AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*was removed*");
    }

    [Test]
    public async Task A_connection_that_is_opened_looks_at_once()
    {
        await using var log = Open();
        await AppendAsync(log);
        File.Delete(Path + "-wal");

        await log.Awaiting(l => l.ReadAsync(new AllRead(), default).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*was removed*");
        File.Exists(Path + "-wal").Should().BeFalse("nothing new was begun in its place");
    }

    [Test]
    public async Task A_write_ahead_log_that_another_has_taken_the_place_of_is_noticed()
    {
        await using var log = Open();
        await AppendAsync(log);
        File.Copy(Path + "-wal", Path + "-copy");
        File.Move(Path + "-copy", Path + "-wal", overwrite: true);

        _time.Advance(s_untilLooked);
        await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*log.db-wal'*was replaced by another file*");
    }

    [Test]
    public async Task A_log_opened_for_reading_notices_it()
    {
        await using var log = Open();
        await AppendAsync(log);
        await using var reading = SqliteEventLog.Open(Path, new() { ReadOnly = true, TimeProvider = _time });
        (await reading.ReadAsync(new AllRead(), default)).Dispose();
        File.Delete(Path + "-wal");

        _time.Advance(s_untilLooked);
        await reading.Awaiting(l => l.ReadAsync(new AllRead(), default).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*was removed*");
    }

    [Test]
    public async Task A_removed_database_file_ends_all_appends()
    {
        await using var log = Open();
        await AppendAsync(log);
        File.Delete(Path);

        _time.Advance(s_untilLooked);
        await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*log.db' was removed or renamed*");
    }

    [Test]
    public async Task Closing_saves_what_was_acknowledged_into_a_removed_log()
    {
        await using (var log = Open())
        {
            for (var i = 0; i < 5; i++) await AppendAsync(log);
            File.Delete(Path + "-wal");
            File.Delete(Path + "-shm");
            for (var i = 0; i < 5; i++) await AppendAsync(log);
            _time.Advance(s_untilLooked);
            await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>();
        }

        await using var again = Open();
        (await CountAsync(again)).Should().Be(10);
        (await again.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task Closing_does_not_overwrite_what_another_process_was_acknowledged_since()
    {
        await using (var log = Open())
        {
            for (var i = 0; i < 5; i++) await AppendAsync(log);
            using (var checkpoint = Connect()) checkpoint.Run("PRAGMA wal_checkpoint(FULL)");
            _time.Advance(s_untilLooked);
            await AppendAsync(log);
            File.Delete(Path + "-wal");
            File.Delete(Path + "-shm");
            Shell.Run(Path, "INSERT INTO events (stream, eventType, data) VALUES ('theirs', 't', '{}');");
            _time.Advance(s_untilLooked);
            await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>();
        }

        await using var again = Open();
        using var page = await again.ReadAsync(new AllRead(), default);
        page.Events.ToArray().Select(e => e.StreamId.Value).Should().Equal("s", "s", "s", "s", "s", "theirs");
        (await again.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task Both_processes_notice_it()
    {
        await using var log = Open();
        await AppendAsync(log);
        using var other = OpeningProcess.Start(Path);
        other.Answer().Should().Be("open");
        other.Tell("append").Should().Be("appended 2");
        File.Delete(Path + "-wal");

        _time.Advance(s_untilLooked);
        await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*was removed*");
        // The other looks at most 20 times a second, and this may be sooner than that.
        var answer = "";
        for (var i = 0; i < 200_000 && !answer.StartsWith("StoreUnavailable", StringComparison.Ordinal); i++) answer = other.Tell("append");
        answer.Should().StartWith("StoreConfigurationException").And.Contain("was removed");
    }

    [Test]
    public async Task A_process_that_opens_a_log_whose_user_lost_its_write_ahead_log_is_refused()
    {
        using var other = OpeningProcess.Start(Path);
        other.Answer().Should().Be("open");
        other.Tell("append").Should().Be("appended 1");
        File.Delete(Path + "-wal");
        File.Delete(Path + "-shm");

        FluentActions.Invoking(() => Open()).Should().Throw<StoreConfigurationException>().WithMessage("*was removed while another process has*");
        File.Exists(Path + "-wal").Should().BeFalse();

        other.Tell("close").Should().Be("closed");
        await using var log = Open();
        (await CountAsync(log)).Should().Be(1);
    }

    [Test]
    public async Task A_second_log_in_the_process_of_one_that_lost_its_write_ahead_log_is_refused()
    {
        await using var log = Open();
        await AppendAsync(log);
        File.Delete(Path + "-wal");

        FluentActions.Invoking(() => Open()).Should().Throw<StoreConfigurationException>().WithMessage("*was removed while this process has*");
    }

    [Test]
    public async Task The_shell_that_takes_itself_for_the_last_is_noticed()
    {
        await using var log = Open();
        await AppendAsync(log);
        // Opening and closing the file in the process drops SQLite's locks.
        File.Copy(Path, Path + ".bak");
        Shell.Run(Path, "SELECT count(*) FROM events;");
        File.Exists(Path + "-wal").Should().BeFalse();

        _time.Advance(s_untilLooked);
        await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>().WithMessage("*was removed*");
    }

    [Test]
    public async Task A_log_that_gave_up_its_last_connection_continues_with_a_new_write_ahead_log()
    {
        await using var log = Open();
        await AppendAsync(log);
        await log.Awaiting(l => l.InSqliteTransactionAsync<int>(tx =>
        {
            tx.Connection.Run("SELECT * FROM nothing");
            return 0;
        }).AsTask()).Should().ThrowAsync<SqliteException>();
        _time.Advance(s_untilLooked);

        await log.Awaiting(AppendAsync).Should().NotThrowAsync();
    }

    [Test]
    public async Task Closing_and_opening_from_many_threads_is_never_taken_for_a_removed_log()
    {
        await using (var log = SqliteEventLog.Open(Path)) await AppendAsync(log);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 15; i++)
            {
                await using var log = SqliteEventLog.Open(Path);
                (await log.ReadAsync(new AllRead(), default)).Dispose();
                await AppendAsync(log);
            }
        })));
        await using var again = Open();
        (await CountAsync(again)).Should().Be(61);
    }

    [Test]
    public async Task A_write_ahead_log_without_its_database_file_is_not_thrown_away()
    {
        await using (var log = Open())
        {
            await AppendAsync(log);
            File.Copy(Path + "-wal", Path + "-kept");
        }

        File.Delete(Path);
        File.Move(Path + "-kept", Path + "-wal");

        FluentActions.Invoking(() => Open()).Should().Throw<StoreConfigurationException>().WithMessage("*log.db-wal' is there without its database file*");
        new FileInfo(Path + "-wal").Length.Should().BePositive();
        File.Exists(Path).Should().BeFalse();
    }

    private SqliteEventLog Open() => SqliteEventLog.Open(Path, new() { TimeProvider = _time });

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static async Task<AppendResult> AppendAsync(SqliteEventLog log) =>
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);

    private static async Task<int> CountAsync(SqliteEventLog log)
    {
        using var page = await log.ReadAsync(new AllRead(), default);
        return page.Events.Length;
    }
}
