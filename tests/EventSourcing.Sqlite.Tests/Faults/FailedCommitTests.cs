using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

[Parallelizable(ParallelScope.All)]
[Platform(Exclude = "Win", Reason = "Copies open files with cp.")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FailedCommitTests : IDisposable
{
    private readonly TemporaryFile _file = new();

    public FailedCommitTests() => FaultyFiles.Watch();

    public void Dispose()
    {
        FaultyFiles.Clear(_file.Path);
        _file.Dispose();
    }

    [Test]
    public async Task A_commit_that_failed_stays_undone_even_if_the_process_dies_then()
    {
        await using var log = await OpenAsync();
        await ReadAsync(log);
        var fault = FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Sync, FaultyFiles.IoErrorSync, times: 1);

        await log.Invoking(l => AppendAsync(l, 2)).Should().ThrowAsync<StoreUnavailableException>();

        fault.Left.Should().Be(0);
        (await ReadAsync(log)).Should().Equal(1);
        (await ReadAsLeftByACrashAsync()).Should().Equal(1);
    }

    [Test]
    public async Task A_failed_append_is_stored_when_it_is_repeated()
    {
        await using var log = await OpenAsync();
        FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Sync, FaultyFiles.IoErrorSync, times: 1);
        await log.Invoking(l => AppendAsync(l, 2)).Should().ThrowAsync<StoreUnavailableException>();

        var repeated = await AppendAsync(log, 2);

        repeated.WasDuplicate.Should().BeFalse();
        (await ReadAsync(log)).Should().Equal(1, 2);
    }

    [Test]
    public async Task A_commit_that_can_neither_be_proven_nor_undone_is_unknown_and_resolved_by_its_ids()
    {
        await using var log = await OpenAsync();
        FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Sync, FaultyFiles.IoErrorSync, times: int.MaxValue);
        var unknown = (await log.Invoking(l => AppendAsync(l, 2)).Should().ThrowAsync<AppendOutcomeUnknownException>()).Which;
        unknown.EventIds.Should().Equal(IdOf(2));
        unknown.FirstPosition.Should().Be(GlobalPosition.FromInt64(2));
        FaultyFiles.Clear(_file.Path);

        (await AppendAsync(log, 2)).FirstPosition.Should().Be(GlobalPosition.FromInt64(2));

        (await ReadAsync(log)).Should().Equal(1, 2);
    }

    [Test]
    public async Task A_commit_found_in_the_log_again_is_stored_once_a_checkpoint_has_proven_it()
    {
        await using var log = await OpenAsync();
        // The commit's own fsync, and that of the connection's closing: what was written is recovered by the next.
        var fault = FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Sync, FaultyFiles.IoErrorSync, times: 2);

        (await AppendAsync(log, 2)).FirstPosition.Should().Be(GlobalPosition.FromInt64(2));

        fault.Left.Should().Be(0);
        (await ReadAsLeftByACrashAsync()).Should().Equal(1, 2);
    }

    [Test]
    public async Task All_appends_of_a_failed_group_fail_and_the_next_are_stored()
    {
        await using var log = await OpenAsync();
        await ReadAsync(log);
        FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Sync, FaultyFiles.IoErrorSync, times: 1);

        var appends = Enumerable.Range(2, 20).Select(i => AppendAsync(log, i)).ToArray();
        await Task.WhenAll(appends).ContinueWith(_ => { }, TaskScheduler.Default);
        var stored = new List<int> { 1 };
        for (var i = 0; i < appends.Length; i++)
            if (appends[i].IsCompletedSuccessfully) stored.Add(i + 2);
            else appends[i].Exception!.InnerException.Should().BeOfType<StoreUnavailableException>();

        stored.Should().HaveCountLessThan(21);
        (await ReadAsync(log)).Should().Equal(stored);
        await AppendAsync(log, 99);
        (await ReadAsync(log)).Should().Equal([.. stored, 99]);
    }

    [Test]
    public async Task A_full_disk_writes_nothing_and_the_log_works_again_when_there_is_room()
    {
        await using var log = await OpenAsync();
        FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Write, FaultyFiles.Full, times: int.MaxValue);
        await log.Invoking(l => AppendAsync(l, 2)).Should().ThrowAsync<StoreFullException>();
        (await ReadAsync(log)).Should().Equal(1);
        FaultyFiles.Clear(_file.Path);

        await AppendAsync(log, 3);

        (await ReadAsync(log)).Should().Equal(1, 3);
    }

    [Test]
    public async Task Work_that_catches_a_full_disk_and_continues_leaves_nothing()
    {
        await using var log = await OpenAsync();
        // More than the cache holds, so that it is written before the commit.
        var large = new LogAppend { Writes = new[] { new StreamWrite(new("large"), ExpectedVersion.Any, Enumerable.Range(0, 15).Select(_ => new LogEvent { Type = "t", Data = new byte[1_000_000] }).ToArray()) } };
        FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Write, FaultyFiles.Full, times: 1);
        var others = new List<Task>();
        var refusals = 0;
        var work = async () => await log.InSqliteTransactionAsync(
            t =>
            {
                FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Write, FaultyFiles.Full, times: 1);
                for (var i = 0; i < 4; i++)
                {
                    try
                    {
                        t.Append(large);
                    }
                    catch (Exception e) when (e is SqliteException or InvalidOperationException)
                    {
                        refusals++;
                    }
                }

                return 0;
            },
            default);
        var failing = work();
        for (var i = 2; i < 20; i++) others.Add(AppendAsync(log, i));
        await FluentActions.Awaiting(() => failing).Should().ThrowAsync<StoreFullException>();
        await Task.WhenAll(others);

        refusals.Should().BeGreaterThan(1);
        (await ReadAsync(log)).Should().Equal(Enumerable.Range(1, 19));
        (await log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task Work_with_the_connection_that_catches_a_full_disk_and_continues_leaves_nothing()
    {
        await using var log = await OpenAsync();
        await log.InSqliteTransactionAsync(tx => Run(tx.Connection, "CREATE TABLE mine (a)"));
        var refused = new List<string>();
        var work = async () => await log.InSqliteTransactionAsync(tx =>
        {
            var connection = tx.Connection;
            FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Write, FaultyFiles.Full, times: 1);
            Refused("large", () => Run(connection, "INSERT INTO mine SELECT zeroblob(1000000) FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]')"));
            Refused("small", () => Run(connection, "INSERT INTO mine VALUES (1)"));
            Refused("append", () => tx.Append(new() { Tracking = new("source", 1) }));
            return 0;
        });
        void Refused(string what, Action step)
        {
            try
            {
                step();
            }
            catch (Exception e) when (e is SqliteException or InvalidOperationException)
            {
                refused.Add(what);
            }
        }

        await work.Should().ThrowAsync<Exception>();
        refused.Should().Equal("large", "small", "append");
        await AppendAsync(log, 2);
        await log.InSqliteTransactionAsync(tx => Run(tx.Connection, "INSERT INTO mine SELECT count(*) FROM mine"));
        (await log.InSqliteTransactionAsync(tx => Run(tx.Connection, "INSERT INTO mine SELECT 1 FROM mine WHERE a = 0"))).Should().Be(1);
        (await ReadAsync(log)).Should().Equal(1, 2);
        (await log.ReadRecordsAsync(RecordKind.Tracking, "", null, 1, default)).Should().BeEmpty();
    }

    private static int Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    [Test]
    public async Task A_read_error_fails_that_read_alone()
    {
        await using (await OpenAsync())
        {
        }

        await using var log = SqliteEventLog.Open(_file.Path);
        await AppendAsync(log, 2);
        FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Read, FaultyFiles.IoErrorRead, times: 1);
        await log.Invoking(l => ReadAsync(l)).Should().ThrowAsync<StoreUnavailableException>();

        (await ReadAsync(log)).Should().Equal(1, 2);
    }

    private async Task<SqliteEventLog> OpenAsync()
    {
        var log = SqliteEventLog.Open(_file.Path);
        await AppendAsync(log, 1);
        return log;
    }

    private static Guid IdOf(int number) => new(number, 0, 0, new byte[8]);

    private static async Task<AppendResult> AppendAsync(SqliteEventLog log, int number)
    {
        var e = new LogEvent { Type = "t", Id = IdOf(number), Data = new[] { (byte)number } };
        return await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, new[] { e }) } }, default);
    }

    private static async Task<int[]> ReadAsync(SqliteEventLog log)
    {
        using var page = await log.ReadAsync(new AllRead(), default);
        return [.. page.Events.ToArray().Select(e => (int)e.Data.Span[0])];
    }

    // The files as the process would leave them, without the shared memory.
    private async Task<int[]> ReadAsLeftByACrashAsync()
    {
        var copy = Path.Combine(_file.Folder, "crashed.db");
        foreach (var part in new[] { "", "-wal" })
        {
            if (!File.Exists(_file.Path + part)) continue;
            // Read by another process: closing the database here would drop SQLite's locks on it.
            using var copying = System.Diagnostics.Process.Start("cp", [_file.Path + part, copy + part]);
            await copying.WaitForExitAsync();
        }

        await using var log = SqliteEventLog.Open(copy);
        return await ReadAsync(log);
    }
}
