using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

[Parallelizable(ParallelScope.All)]
public class CutLogTests
{
    [Test]
    public async Task A_call_that_waits_hears_that_the_file_was_overwritten_by_a_shorter_one()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await AppendAsync(log);
        using var copy = Connect(System.IO.Path.Combine(file.Folder, "copy.db"));
        using (var connection = Connect(file.Path)) connection.BackupDatabase(copy);
        for (var i = 1; i < 4; i++)
        {
            var next = log.WaitAsync(GlobalPosition.FromInt64(i), default).AsTask();
            await AppendAsync(log);
            await next;
        }

        var waiting = log.WaitAsync(GlobalPosition.FromInt64(4), default).AsTask();
        using (var connection = Connect(file.Path)) copy.BackupDatabase(connection);

        await EndsAsync(waiting).WaitAsync(TimeSpan.FromSeconds(30));
        await log.Invoking(l => l.WaitAsync(GlobalPosition.FromInt64(4), default).AsTask()).Should().ThrowAsync<PositionOutOfRangeException>();
    }

    [TestCase("UPDATE es_events SET position = 9223372036854775807 WHERE position = 2")]
    [TestCase("UPDATE es_events SET position = 4611686018427387904 WHERE position = 2")]
    public async Task A_position_that_no_log_gives_is_damage(string sql)
    {
        using var file = new TemporaryFile();
        await using (var log = SqliteEventLog.Open(file.Path))
            for (var i = 0; i < 2; i++) await AppendAsync(log);
        Tamper(file.Path, sql);

        await using var tampered = SqliteEventLog.Open(file.Path);

        await tampered.Invoking(AppendAsync).Should().ThrowAsync<StoreCorruptException>().WithMessage("*counts from 0*");
        await tampered.Invoking(l => l.ReadAsync(new AllRead(), default).AsTask()).Should().ThrowAsync<StoreCorruptException>();
        await tampered.Invoking(l => l.WaitAsync(default, default).AsTask()).Should().ThrowAsync<StoreCorruptException>();
    }

    [TestCase("UPDATE es_events SET version = 9223372036854775807 WHERE position = 2")]
    [TestCase("UPDATE es_streams SET floor = 9223372036854775807")]
    public async Task A_version_that_no_log_gives_is_damage(string sql)
    {
        using var file = new TemporaryFile();
        await using (var log = SqliteEventLog.Open(file.Path))
            for (var i = 0; i < 2; i++) await AppendAsync(log);
        Tamper(file.Path, sql);

        await using var tampered = SqliteEventLog.Open(file.Path);

        await tampered.Invoking(AppendAsync).Should().ThrowAsync<StoreCorruptException>();
    }

    private static void Tamper(string path, string sql)
    {
        using var database = Database.Writer(path, mustExist: true);
        database.Execute(sql);
    }

    private static async Task EndsAsync(Task waiting)
    {
        try
        {
            await waiting;
        }
        catch (PositionOutOfRangeException)
        {
            // Said at once: as good as at the next call.
        }
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static async Task AppendAsync(SqliteEventLog log) =>
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);
}
