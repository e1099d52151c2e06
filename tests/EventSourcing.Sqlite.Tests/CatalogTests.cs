using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests;

[Parallelizable(ParallelScope.All)]
public class CatalogTests
{
    private static LogAppend Append(StreamId stream, string type, int count, int bytes = 2) => new()
    {
        Writes = new[] { new StreamWrite(stream, ExpectedVersion.Any, Enumerable.Repeat(new LogEvent { Type = type, Data = new byte[bytes], IsJson = false }, count).ToArray()) },
    };

    private static void Sql(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static ILogCatalog CatalogOf(IEventLog log) => log.Find<ILogCatalog>()!;

    [Test]
    public async Task Events_inserted_in_sql_are_listed_and_counted()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await log.AppendAsync(Append("order-1", "paid", 1), default);
        Sql(file.Path, "INSERT INTO events (stream, eventType, data) VALUES ('order-2', 'noted', '{}'), ('order-1', 'noted', '{}')");
        var streams = await CatalogOf(log).ReadStreamsAsync("order", default, 10, default);
        streams.Select(s => (s.StreamId.Value, s.Version, s.LastPosition.ToInt64())).Should().Equal(("order-1", 2, 3), ("order-2", 1, 2));
        var counted = await CatalogOf(log).GetStatisticsAsync(default);
        (counted.EventCount, counted.StreamCount, counted.EventsByType["noted"], counted.EventsByType["paid"]).Should().Be((3, 2, 2, 1));
    }

    [Test]
    public async Task Reader_of_a_file_counts_what_is_finalized()
    {
        using var file = new TemporaryFile();
        await using var writer = SqliteEventLog.Open(file.Path);
        await writer.AppendAsync(Append("order-1", "paid", 1), default);
        await using var reader = SqliteEventLog.Open(file.Path, new() { ReadOnly = true });
        Sql(file.Path, "INSERT INTO events (stream, eventType, data) VALUES ('order-2', 'noted', '{}'), ('order-1', 'noted', '{}')");
        var streams = await CatalogOf(reader).ReadStreamsAsync(null, default, 10, default);
        streams.Select(s => (s.StreamId.Value, s.Version)).Should().Equal(("order-1", 1));
        var counted = await CatalogOf(reader).GetStatisticsAsync(default);
        (counted.Head.ToInt64(), counted.EventCount, counted.StreamCount).Should().Be((1, 1, 1));
    }

    [Test]
    public async Task Erased_events_are_counted_as_erased_and_their_streams_stay_listed()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await log.AppendAsync(Append("a", "first", 3), default);
        await log.AppendAsync(Append("b", "second", 2), default);
        var before = await CatalogOf(log).GetStatisticsAsync(default);
        await log.EraseAsync("a", 3, "test");
        await log.EraseAsync("b", 1, "test");
        var counted = await CatalogOf(log).GetStatisticsAsync(default);
        (counted.EventCount, counted.ErasedEventCount, counted.StreamCount, counted.Head.ToInt64()).Should().Be((1, 4, 2, 5));
        counted.EventsByType.Should().Equal(new Dictionary<string, long> { ["second"] = 1 });
        counted.Generation.Should().NotBe(before.Generation);
        var store = new EventStore(log, EventTypeMap.Empty);
        foreach (var stream in await CatalogOf(log).ReadStreamsAsync(null, default, 10, default))
            stream.Should().Be(await store.GetStreamInfoAsync(stream.StreamId));
    }

    [Test]
    public async Task Counts_are_the_same_with_and_without_the_index_of_types()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        // More than one of the short snapshots counts.
        for (var i = 0; i < 33; i++) await log.AppendAsync(Append($"s-{i}", i % 3 == 0 ? "third" : "other", 4096), default);
        var without = await CatalogOf(log).GetStatisticsAsync(default);
        without.EventsByType.Should().Equal(new Dictionary<string, long> { ["third"] = 11 * 4096, ["other"] = 22 * 4096 });
        without.SizeInBytes.Should().BeGreaterThan(without.EventCount * 30);
        await log.AddIndexAsync(EventIndex.Type);
        (await CatalogOf(log).GetStatisticsAsync(default)).EventsByType.Should().Equal(without.EventsByType);
    }

    [Test]
    public async Task Streams_are_found_by_index_and_counting_reads_no_payload()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await log.AppendAsync(Append("a", "t", 1), default);
        using var connection = new SqliteConnection($"Data Source={file.Path};Pooling=False");
        connection.Open();
        string Plan(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "EXPLAIN QUERY PLAN " + sql;
            foreach (var parameter in new[] { "?1", "?2", "?3", "?4", "?5", "?6" })
                if (sql.Contains(parameter, StringComparison.Ordinal)) command.Parameters.AddWithValue(parameter, "0");
            using var rows = command.ExecuteReader();
            var plan = new List<string>();
            while (rows.Read()) plan.Add(rows.GetString(3));
            return string.Join("; ", plan);
        }

        Plan(Native.Sql.StreamList).Should().Contain("SEARCH s USING INDEX sqlite_autoindex_es_streams_1 (name>").And.Contain("es_events_stream (stream=?)").And.NotContain("SCAN");
        Plan(Native.Sql.CountTypes).Should().Contain("USING INTEGER PRIMARY KEY");
        Plan(Native.Sql.CountStreams).Should().NotContain("SCAN e");
    }
}
