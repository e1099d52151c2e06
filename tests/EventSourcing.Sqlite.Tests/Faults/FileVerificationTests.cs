using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tests.Backup;
using EventSourcing.Sqlite.Tests.OpenLog;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase), Parallelizable(ParallelScope.All)]
public class FileVerificationTests : OpenLogTest
{
    private string Folder => System.IO.Path.GetDirectoryName(Path)!;

    [Test]
    public async Task A_closed_file_is_examined_and_left_as_it_is()
    {
        await FillAsync();
        await Log.DisposeAsync();
        var before = State();

        var verification = await SqliteEventLog.VerifyAsync(Path);

        verification.Should().BeEquivalentTo(new { Head = GlobalPosition.FromInt64(3), Events = 3L, IsIntact = true, JournalBytes = 0L });
        State().Should().Equal(before);
    }

    [Test]
    [Platform("Linux")]
    public async Task A_file_on_read_only_media_is_examined()
    {
        await FillAsync();
        await Log.DisposeAsync();
        using var disk = SmallDisk.Mount(Folder, kibibytes: 4096);
        var path = System.IO.Path.Combine(disk.Path, "log.db");
        File.Copy(Path, path);
        disk.MakeReadOnly();

        (await SqliteEventLog.VerifyAsync(path)).Should().BeEquivalentTo(new { Events = 3L, IsIntact = true });
    }

    [Test]
    public async Task The_write_ahead_log_beside_a_file_is_examined_with_it_and_left_as_it_is()
    {
        await FillAsync();
        var copy = CopyOpenFile("", "-wal");
        var before = State();

        var verification = await SqliteEventLog.VerifyAsync(copy);

        verification.Should().BeEquivalentTo(new { Events = 3L, IsIntact = true, JournalBytes = new FileInfo(copy + "-wal").Length });
        State().Should().Equal(before);
    }

    [Test]
    public async Task A_damaged_write_ahead_log_shows()
    {
        await FillAsync();
        var copy = CopyOpenFile("", "-wal");
        using (var wal = File.OpenWrite(copy + "-wal")) wal.Write(new byte[64]);
        (await SqliteEventLog.VerifyAsync(copy)).IsIntact.Should().BeFalse();
    }

    [Test]
    public async Task A_rollback_journal_beside_a_file_is_rolled_back_in_the_examination_only()
    {
        await FillAsync();
        await Log.DisposeAsync();
        var copy = System.IO.Path.Combine(Folder, "copy.db");
        using (var connection = Connect())
        {
            connection.Run("PRAGMA journal_mode = DELETE");
            connection.Run("PRAGMA cache_size = 1");
            connection.Run("PRAGMA cache_spill = 1");
            connection.Run("CREATE TABLE mine (x); BEGIN; INSERT INTO mine WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT randomblob(4000) FROM n; DROP VIEW events");
            foreach (var part in (string[])["", "-journal"]) File.Copy(Path + part, copy + part);
        }

        var before = State();

        var verification = await SqliteEventLog.VerifyAsync(copy);

        verification.Issues.Should().BeEmpty();
        verification.JournalBytes.Should().BePositive();
        State().Should().Equal(before);
    }

    [Test]
    public async Task A_file_copied_alone_before_its_first_checkpoint_is_a_finding()
    {
        await FillAsync();
        var copy = CopyOpenFile("");
        (await SqliteEventLog.VerifyAsync(copy)).Issues.Should().ContainSingle().Which.What.Should().Contain("copied without it while it was open");
    }

    [Test]
    public async Task A_file_copied_alone_after_a_checkpoint_is_an_earlier_state_and_its_head_tells()
    {
        await FillAsync();
        Scalar("PRAGMA wal_checkpoint(PASSIVE)");
        await FillAsync();
        var copy = CopyOpenFile("");
        (await SqliteEventLog.VerifyAsync(copy)).Should().BeEquivalentTo(new { Head = GlobalPosition.FromInt64(3), IsIntact = true });
    }

    [TestCase(4096 * 5, "pages and counts")]
    [TestCase(4096 * 5 + 100, "no multiple of its pages")]
    [TestCase(0, "it is empty")]
    [TestCase(50, "cannot be read as a database")]
    public async Task A_file_that_was_cut_off_is_a_finding(int length, string what)
    {
        await FillAsync();
        await Log.DisposeAsync();
        using (var file = File.OpenWrite(Path)) file.SetLength(length);
        (await SqliteEventLog.VerifyAsync(Path)).Issues.Should().Contain(f => f.What.Contains(what, StringComparison.Ordinal));
    }

    [Test]
    public async Task A_file_with_pages_after_those_it_counts_is_a_finding()
    {
        await FillAsync();
        await Log.DisposeAsync();
        using (var file = File.OpenWrite(Path)) file.SetLength(file.Length + 4096);
        (await SqliteEventLog.VerifyAsync(Path)).IsIntact.Should().BeFalse();
    }

    [Test]
    public async Task A_text_is_a_finding()
    {
        var path = System.IO.Path.Combine(Folder, "text");
        File.WriteAllText(path, string.Concat(Enumerable.Repeat("no database ", 1000)));
        (await SqliteEventLog.VerifyAsync(path)).Issues.Should().ContainSingle().Which.What.Should().Contain("cannot be read as a database");
    }

    [Test]
    public async Task A_database_of_something_else_is_a_finding()
    {
        var path = System.IO.Path.Combine(Folder, "other.db");
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            connection.Run("CREATE TABLE mine (x)");
        }

        (await SqliteEventLog.VerifyAsync(path)).Issues.Should().ContainSingle().Which.What.Should().Contain("holds no event log");
    }

    [Test]
    public async Task Damage_in_a_closed_file_is_named()
    {
        await FillAsync();
        await Log.DisposeAsync();
        Damage("UPDATE es_events SET data = 'x' WHERE position = 2");
        (await SqliteEventLog.VerifyAsync(Path)).Issues.Should().ContainSingle().Which.Where.Should().Be("position 2");
    }

    [TestCase("id_key")]
    [TestCase("generation")]
    [TestCase("event_bytes")]
    [TestCase("schema")]
    public async Task A_missing_fact_is_named(string name)
    {
        await FillAsync();
        await Log.DisposeAsync();
        Damage($"DELETE FROM es_log WHERE name = '{name}'");
        (await SqliteEventLog.VerifyAsync(Path)).Issues.Should().Contain(f => f.Where == $"es_log, {name}");
    }

    [Test]
    public async Task A_newer_schema_is_refused()
    {
        await Log.DisposeAsync();
        Damage("UPDATE es_log SET value = 99 WHERE name = 'schema'");
        await FluentActions.Awaiting(() => SqliteEventLog.VerifyAsync(Path).AsTask()).Should().ThrowAsync<StoreSchemaException>().WithMessage("*99*");
    }

    [Test]
    public async Task A_missing_file_is_named_and_not_created()
    {
        var path = System.IO.Path.Combine(Folder, "none.db");
        await FluentActions.Awaiting(() => SqliteEventLog.VerifyAsync(path).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage($"*'{path}' does not exist*");
        File.Exists(path).Should().BeFalse();
    }

    [Test]
    [Platform("Linux")]
    public async Task A_file_that_is_open_in_this_process_is_refused()
    {
        await FluentActions.Awaiting(() => SqliteEventLog.VerifyAsync(Path).AsTask()).Should().ThrowAsync<InvalidOperationException>().WithMessage("*open in this process*");
        await AppendAsync("a", Event("t", "{}"));
    }

    [Test]
    [Platform("Linux")]
    public async Task A_file_that_is_open_in_another_process_is_refused()
    {
        await Log.DisposeAsync();
        Shell.WhileOpen(Path, () => FluentActions.Awaiting(() => SqliteEventLog.VerifyAsync(Path).AsTask()).Should().ThrowAsync<StoreUnavailableException>().WithMessage("*open in another process*").GetAwaiter().GetResult());
    }

    [Test]
    public async Task A_cancelled_examination_of_a_file_ends()
    {
        await Log.DisposeAsync();
        await FluentActions.Awaiting(() => SqliteEventLog.VerifyAsync(Path, new CancellationToken(canceled: true)).AsTask()).Should().ThrowAsync<OperationCanceledException>();
    }

    private async Task FillAsync() => await AppendAsync("a", Event("t", "{}"), Event("t", "{}"), Event("u", "{}", Guid.NewGuid(), Tag.Parse("n:1", null)));

    // By a program of its own: who closes a file that this process has open ends SQLite's locks on it.
    private string CopyOpenFile(params string[] parts)
    {
        var copy = System.IO.Path.Combine(Folder, "copy.db");
        foreach (var part in parts)
        {
            using var cp = System.Diagnostics.Process.Start("cp", [Path + part, copy + part]);
            cp.WaitForExit();
        }

        return copy;
    }

    private void Damage(string sql)
    {
        using var connection = Connect();
        _ = SQLitePCL.raw.sqlite3_db_config(connection.Handle, NativeMethods.ConfigEnableTrigger, 0, out _);
        connection.Run(sql);
    }

    // Every file, the one that is examined with its bytes and times.
    private List<string> State() => [.. Directory.GetFiles(Folder).Where(f => !IsOpen(f)).Order(StringComparer.Ordinal)
        .Select(f => $"{f} {File.GetLastWriteTimeUtc(f):O} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}")];

    private bool IsOpen(string file) => file.StartsWith(Path, StringComparison.Ordinal) && File.Exists(Path + "-shm");
}
