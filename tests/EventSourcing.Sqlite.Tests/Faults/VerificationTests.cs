using System.Buffers.Binary;
using EventSourcing.Internal;
using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

[Parallelizable(ParallelScope.All)]
public class VerificationTests
{
    // Streams a and b take turns: a has the odd positions, b the even ones; id and tag of each name its position.
    private const int Count = 10;

    public static IEnumerable<TestCaseData> Damages =>
    [
        Damage("A changed payload", "UPDATE es_events SET data = X'00' WHERE position = 4", "checksum does not fit", "position 4"),
        Damage("A changed time", "UPDATE es_events SET time = time + 1 WHERE position = 4", "checksum does not fit", "position 4"),
        Damage("A removed checksum", "UPDATE es_events SET checksum = NULL WHERE position = 4", "has no checksum", "position 4"),
        Damage("A removed event", "DELETE FROM es_events WHERE position = 4", "the event is missing", "position 4"),
        Damage("Several removed events", "DELETE FROM es_events WHERE position BETWEEN 4 AND 6", "the events through position 6 are missing", "position 4"),
        Damage("A removed event and its version", "DELETE FROM es_events WHERE position = 4", "the version before it is missing", "stream 2 version 3, position 6"),
        Damage("A removed event and its id", "DELETE FROM es_events WHERE position = 4", "no event with the id is at position 4", "es_ids, id 00000000000000000000000000000004"),
        Damage("The last event removed", "DELETE FROM es_events WHERE position = 10", "no event there has the tag and type", "es_event_tags, tag 10, position 10"),
        Damage("A wrong version", "UPDATE es_events SET version = 7 WHERE position = 10", "2 versions before it are missing", "stream 2 version 7, position 10"),
        Damage("Swapped versions", "UPDATE es_events SET version = 99 WHERE position = 3; UPDATE es_events SET version = 2 WHERE position = 5; UPDATE es_events SET version = 3 WHERE position = 3",
            "it lies before position 5", "stream 1 version 3, position 3"),
        Damage("A tag entry without an event", "INSERT INTO es_event_tags VALUES (1, 5, 1)", "no event there has the tag and type", "es_event_tags, tag 1, position 5"),
        Damage("A tag entry of another type", "UPDATE es_event_tags SET type = 99 WHERE position = 5", "no event there has the tag and type", "es_event_tags, tag 5, position 5"),
        Damage("A removed tag entry", "DELETE FROM es_event_tags WHERE position = 5", "tag 5 is not in the tag index", "position 5"),
        Damage("A removed id", "DELETE FROM es_ids WHERE position = 5", "its id is not in the id index", "position 5"),
        Damage("An id that leads elsewhere", "UPDATE es_ids SET position = 6 WHERE position = 5", "its id leads to position 6", "position 5"),
        Damage("A damaged stream name", "UPDATE es_streams SET name = 'c' WHERE id = 2", "the name is not what was stored", "es_streams, id 2"),
        Damage("A damaged type name", "UPDATE es_types SET name = 'c'", "the name is not what was stored", "es_types, id 1"),
        Damage("A damaged tag name", "UPDATE es_tags SET name = 'n:0' WHERE id = 3", "the name is not what was stored", "es_tags, id 3"),
        Damage("A removed stream name", "DELETE FROM es_streams WHERE id = 2", "names a row that is not there", "es_streams, id 2"),
        Damage("A damaged record", "UPDATE es_records SET value = X'00'", "the record is not what was stored", "es_records, View 'key'"),
        Damage("A record with another revision", "UPDATE es_records SET revision = 9", "the record is not what was stored", "es_records, View 'key'"),
        Damage("A gap over stored events", "INSERT INTO es_gaps VALUES (4, 5, 0, 'test')", "holds an event at position 4", "es_gaps, positions 4 to 5"),
        Damage("Overlapping gaps", "INSERT INTO es_gaps VALUES (20, 30, 0, 'test'), (25, 40, 0, 'test')", "begins inside another", "es_gaps, positions 25 to 40"),
        Damage("An unsealed position without an event", "INSERT INTO es_unfinished VALUES (11)", "no event to be finalized", "es_unfinished, position 11"),
        Damage("A removed table", "DROP TABLE es_ids", "no such table: es_ids", "es_ids"),
    ];

    [TestCaseSource(nameof(Damages))]
    public async Task Damage_is_named(string sql, string what, string where)
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path);
        Execute(file.Path, sql);

        var verification = await log.VerifyAsync();

        verification.IsIntact.Should().BeFalse();
        verification.Issues.Should().Contain(f => f.What.Contains(what, StringComparison.Ordinal) && f.Where == where);
    }

    [Test]
    public async Task A_log_as_written_is_intact_and_wholly_examined()
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path);

        var verification = await log.VerifyAsync();

        verification.Issues.Should().BeEmpty();
        verification.Should().BeEquivalentTo(new { Head = GlobalPosition.FromInt64(Count), Events = 10L, Names = 13L, TagEntries = 10L, Ids = 10L, Records = 1L, Unsealed = 0L });
    }

    [Test]
    public async Task An_empty_log_is_intact()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        (await log.VerifyAsync()).IsIntact.Should().BeTrue();
    }

    [Test]
    public async Task Erased_events_that_left_their_positions_behind_are_no_damage()
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path);
        await log.EraseAsync("a", 3, "test");
        await log.EraseAsync("b", 5, "test");
        await AppendAsync(log, "b", 11);

        (await log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task Damage_does_not_end_the_examination()
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path);
        Execute(file.Path, "UPDATE es_events SET data = X'00' WHERE position IN (2, 7); UPDATE es_records SET value = X'00'");

        var verification = await log.VerifyAsync();

        verification.Issues.Select(f => f.Where).Should().Equal("position 2", "position 7", "es_records, View 'key'");
        verification.Events.Should().Be(Count);
    }

    [Test]
    public async Task A_file_damaged_below_SQL_is_examined_as_far_as_it_can_be_read()
    {
        using var file = new TemporaryFile();
        await using (await FillAsync(file.Path))
        {
        }

        Overwrite(file.Path, RootPageOf(file.Path, "es_event_tags"));
        await using var log = SqliteEventLog.Open(file.Path);

        var verification = await log.VerifyAsync();

        verification.Issues.Should().Contain(f => f.Where == "the file").And.Contain(f => f.Where == "es_event_tags");
        verification.Events.Should().Be(Count);
    }

    [Test]
    public async Task Appends_continue_meanwhile_and_are_not_taken_for_damage()
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path);
        using var stop = new CancellationTokenSource();
        var appending = Task.Run(async () =>
        {
            for (var i = 100; !stop.IsCancellationRequested; i++) await AppendAsync(log, "c", i);
        });

        for (var i = 0; i < 20; i++) (await log.VerifyAsync()).Issues.Should().BeEmpty();

        await stop.CancelAsync();
        await appending;
    }

    [Test]
    public async Task A_cancelled_examination_ends()
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path);
        await log.Invoking(l => l.VerifyAsync(new(canceled: true)).AsTask()).Should().ThrowAsync<OperationCanceledException>();
    }

    [Test]
    public async Task Findings_end_at_their_limit()
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path);
        Execute(file.Path, "WITH RECURSIVE n(i) AS (VALUES (100) UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO es_event_tags SELECT 1, i, 1 FROM n");
        (await log.VerifyAsync()).Issues.Should().HaveCount(IntegrityReport.MaxIssues);
    }

    private static TestCaseData Damage(string name, string sql, string what, string where) => new TestCaseData(sql, what, where).SetName($"{name} is named");

    private static async Task<SqliteEventLog> FillAsync(string path)
    {
        var log = SqliteEventLog.Open(path);
        for (var i = 1; i <= Count; i++) await AppendAsync(log, i % 2 == 1 ? "a" : "b", i);
        await log.WriteAsync(new() { Changes = [RecordChange.Put(RecordKind.View, "key", "value"u8.ToArray())] }, default);
        return log;
    }

    private static async Task AppendAsync(SqliteEventLog log, string stream, int i)
    {
        var e = new LogEvent { Type = "t", Id = IdOf(i), Data = new byte[] { 1, 2, 3 }, Tags = [Tag.Parse($"n:{i}", null)] };
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new(stream), ExpectedVersion.Any, new[] { e }) } }, default);
    }

    private static Guid IdOf(int i)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), i);
        return new(bytes, bigEndian: true);
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        // The log's own guards stop accidents only: off with them, so that there is damage to find.
        _ = SQLitePCL.raw.sqlite3_db_config(connection.Handle, NativeMethods.ConfigEnableTrigger, 0, out _);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static long RootPageOf(string path, string table)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'";
        return (long)command.ExecuteScalar()!;
    }

    private static void Overwrite(string path, long page)
    {
        using var file = File.OpenWrite(path);
        file.Position = (page - 1) * 4096;
        file.Write(new byte[4096]);
    }
}
