using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

/// <summary>What swapped or damaged pages take away: whole rows, whose checksums nobody asks for any more.</summary>
[Parallelizable(ParallelScope.All)]
public class MissingEventTests
{
    [Test]
    public async Task A_read_never_passes_over_a_missing_event(
        [Values(1, 4, 5, 7)] int missing, [Values] ReadDirection direction, [Values] bool ofStream, [Values(1, 2, 3, 100)] int pageSize)
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path, missing);

        RangeRead whole = ofStream ? new StreamRead("s") : new AllRead();
        var read = whole with { Direction = direction, MaxCount = pageSize };

        await FluentActions.Awaiting(() => ReadAllAsync(log, read)).Should().ThrowAsync<StoreCorruptException>();
    }

    [Test]
    public async Task A_read_by_tag_never_passes_over_a_missing_event()
    {
        using var file = new TemporaryFile();
        await using var log = await FillAsync(file.Path, missing: 4);
        await FluentActions.Awaiting(() => ReadAllAsync(log, new AllRead { Query = LogQuery.Of(new LogQueryItem(tags: [Tag.Parse("a:b", null)])) })).Should().ThrowAsync<StoreCorruptException>();
    }

    private static async Task<SqliteEventLog> FillAsync(string path, int missing)
    {
        var log = SqliteEventLog.Open(path);
        var events = Enumerable.Range(1, 8).Select(_ => new LogEvent { Type = "t", Tags = [Tag.Parse("a:b", null)] }).ToArray();
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, events) } }, default);
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        // The log's own guards stop accidents only: off with them.
        _ = SQLitePCL.raw.sqlite3_db_config(connection.Handle, NativeMethods.ConfigEnableTrigger, 0, out _);
        using var command = connection.CreateCommand();
        command.CommandText = $"DELETE FROM es_events WHERE position = {missing}";
        command.ExecuteNonQuery();
        return log;
    }

    private static async Task ReadAllAsync(SqliteEventLog log, RangeRead read)
    {
        await foreach (var e in log.ReadEventsAsync(read)) _ = e;
    }
}
