using System.Globalization;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class EventsViewTests : OpenLogTest
{
    private const string Order = "ab5befb0-6cf2-4a14-a2d6-35778d4e6ba8";

    [Test]
    public async Task The_view_shows_what_the_log_reads()
    {
        var correlated = Event("createOrder", """{"orderId":"1"}""") with { };
        await AppendAsync("order-1", new LogEvent
        {
            Type = "createOrder",
            Data = """{"orderId":"1"}"""u8.ToArray(),
            IsJson = true,
            Metadata = """{"actor":"ann"}"""u8.ToArray(),
            CorrelationId = "trace-1",
            CausationId = "command-1",
            OccurredAt = new(1969, 12, 31, 23, 59, 58, 250, TimeSpan.Zero),
        }, correlated);

        var stored = await AllAsync();
        var rows = Shell.Run(Path, "SELECT position, stream, version, eventId, eventType, createdDate, correlationId, causationId, metadata, data FROM events ORDER BY position;");

        rows.Split('\n').Should().Equal(stored.Select(e => string.Join('|',
            e.Position, e.StreamId, e.Version, e.Id, e.Type, (e.OccurredAt ?? e.Timestamp).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
            e.CorrelationId, e.CausationId, System.Text.Encoding.UTF8.GetString(e.Metadata.Span), System.Text.Encoding.UTF8.GetString(e.Data.Span))));
    }

    [Test]
    public async Task The_statements_of_the_design_run_in_the_shell_while_the_log_is_open()
    {
        await Log.AddComputedColumnAsync("orderId");
        await AppendAsync("order-1", Event("createOrder", $$"""{"orderId":"{{Order}}"}"""));
        await AppendAsync("order-1", Event("updateOrder", $$"""{"orderId":"{{Order}}"}"""));
        await AppendAsync("order-2", Event("cancelOrder", """{"orderId":"2"}"""));

        Shell.Run(Path, "SELECT position FROM events WHERE eventType = 'createOrder';").Should().Be("1");
        var second = $"SELECT position FROM events WHERE orderId = '{Order}' AND eventType IN ('updateOrder', 'cancelOrder');";
        Shell.Run(Path, second).Should().Be("2");
        Shell.Run(Path, "EXPLAIN QUERY PLAN " + second).Should().Contain("USING INDEX es_promoted_orderId (<expr>=?)");
        Shell.Run(Path, $$"""INSERT INTO events (eventId, eventType, createdDate, data) VALUES ('b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55', 'createOrder', datetime('now'), '{"orderId":"3"}');""");

        var inserted = (await AllAsync())[^1];
        inserted.Id.Should().Be(Guid.Parse("b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55"));
        inserted.StreamId.Value.Should().Be("createOrder-b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55");
        (inserted.Position.ToInt64(), inserted.Version).Should().Be((4, 1));
        Shell.Run(Path, "SELECT position FROM events WHERE orderId = '3';").Should().Be("4");
    }

    [TestCase("CREATE TABLE events (a)")]
    [TestCase("CREATE TABLE Events (a)")]
    [TestCase("CREATE VIEW events AS SELECT 1 AS a")]
    [TestCase("CREATE TABLE t (a); CREATE INDEX events ON t (a)")]
    public void Something_else_called_events_is_refused_and_left_as_it_is(string sql)
    {
        using var file = new TemporaryFile();
        using (var connection = new SqliteConnection($"Data Source={file.Path};Pooling=False"))
        {
            connection.Open();
            connection.Run(sql);
        }

        var before = File.ReadAllBytes(file.Path);
        var open = () => SqliteEventLog.Open(file.Path, new() { AddToExistingDatabase = true });

        open.Should().Throw<StoreSchemaException>().Where(e => e.Found.EndsWith("events", StringComparison.Ordinal));
        File.ReadAllBytes(file.Path).Should().Equal(before);
    }

    [Test]
    public async Task Computed_columns_are_kept_and_a_repeat_is_harmless()
    {
        await AppendAsync("order-1", Event("a", """{"orderId":"1","total":2.5,"paid":true,"lines":[1]}"""));
        foreach (var field in new[] { "orderId", "total", "paid", "lines", "orderId" }) await Log.AddComputedColumnAsync(field);
        await ReopenAsync();

        (await Log.GetComputedColumnsAsync()).Should().Equal("orderId", "total", "paid", "lines");
        Shell.Run(Path, "SELECT orderId, total, paid, lines IS NULL FROM events;").Should().Be("1|2.5|1|1");
    }

    [Test]
    public async Task Indexes_are_opt_in_and_used()
    {
        (await Log.GetIndexesAsync()).Should().BeEmpty();
        await Log.AddIndexAsync(EventIndex.Correlation);
        await Log.AddIndexAsync(EventIndex.Causation);
        await Log.AddIndexAsync(EventIndex.Type);
        await Log.AddIndexAsync(EventIndex.Type);

        (await Log.GetIndexesAsync()).Should().Equal(EventIndex.Type, EventIndex.Correlation, EventIndex.Causation);
        Shell.Run(Path, "EXPLAIN QUERY PLAN SELECT data FROM events WHERE eventType = 'a';").Should().Contain("es_events_type");
        Shell.Run(Path, "EXPLAIN QUERY PLAN SELECT data FROM events WHERE correlationId = 'a';").Should().Contain("es_events_correlation");
        Shell.Run(Path, "EXPLAIN QUERY PLAN SELECT data FROM events WHERE causationId = 'a';").Should().Contain("es_events_causation");
    }

    [TestCase("")]
    [TestCase("x'); DROP TABLE es_events; --")]
    [TestCase("a\"b")]
    [TestCase("a'b")]
    [TestCase("a\\b")]
    [TestCase("a\0b")]
    [TestCase("größe")]
    [TestCase("position")]
    [TestCase("EVENTTYPE")]
    public async Task A_field_that_cannot_be_a_column_is_refused(string field)
    {
        var before = Dump();
        var promote = async () => await Log.AddComputedColumnAsync(field);
        await promote.Should().ThrowAsync<ArgumentException>();
        Dump().Should().Be(before);
        (await Log.GetComputedColumnsAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task Fields_that_differ_by_case_only_are_refused()
    {
        await Log.AddComputedColumnAsync("orderId");
        var promote = async () => await Log.AddComputedColumnAsync("OrderId");
        await promote.Should().ThrowAsync<ArgumentException>();
    }

    [Test]
    public async Task Odd_fields_are_indexed_alike_by_every_version_and_dump_and_reload_gives_an_equal_log()
    {
        string[] names = ["v", "a.b", "$type", "@id", "with blank", "x-y"];
        foreach (var name in names.Take(3)) await Log.AddComputedColumnAsync(name);
        await AppendOddAsync(names);
        foreach (var name in names.Skip(3)) await Log.AddComputedColumnAsync(name);
        Shell.Run(Path, string.Concat(OddValues().Select(v => $"INSERT INTO events (eventType, stream, data) VALUES ('odd', 'odd-2', '{{\"v\":{v.Replace("'", "''", StringComparison.Ordinal)}}}');\n")));

        Scalar("PRAGMA integrity_check").Should().Be("ok");
        Shell.Run(Path, "PRAGMA integrity_check;").Should().Be("ok");
        // Versions print numbers with other digits: the bits are told apart by the index, the print by 13 of them.
        var fields = string.Join(" || '|' || ", names.Select(n => $"typeof(\"{n}\") || CASE typeof(\"{n}\") WHEN 'real' THEN printf('%.12e', \"{n}\") ELSE hex(\"{n}\") END"));
        using var connection = Connect();
        var ours = connection.Rows($"SELECT {fields} FROM events ORDER BY position");
        Shell.Run(Path, $"SELECT {fields} FROM events ORDER BY position;").Split('\n').Should().Equal(ours);

        await AllAsync();
        using var copy = new TemporaryFile();
        Shell.Run(copy.Path, Shell.Run(Path, ".dump"));
        await using var reloaded = SqliteEventLog.Open(copy.Path);
        (await AllAsync(reloaded)).Select(e => (e.Position, e.StreamId, e.Version, e.Id, e.Type, e.Timestamp, Convert.ToHexString(e.Data.Span)))
            .Should().Equal((await AllAsync()).Select(e => (e.Position, e.StreamId, e.Version, e.Id, e.Type, e.Timestamp, Convert.ToHexString(e.Data.Span))));
        Shell.Run(copy.Path, "PRAGMA integrity_check;").Should().Be("ok");
        Shell.Run(copy.Path, "DELETE FROM es_inbox; INSERT INTO events (eventType, data) VALUES ('after', '{}'); SELECT max(position) FROM events;")
            .Should().Be((ours.Count + 1).ToString(CultureInfo.InvariantCulture));
    }

    private async Task AppendOddAsync(string[] names)
    {
        var documents = new List<string>();
        foreach (var value in OddValues())
        {
            documents.Add($$"""{"v":{{value}}}""");
            documents.Add("{" + string.Join(',', names.Select(n => $"\"{n}\":{value}")) + "}");
        }

        documents.AddRange(["""{"\u0076":1}""", """{"\u0076":1,"v":2}""", """{"v":1,"v":2}""", """{"v":"\u003c\u0060"}""", """{"x":{"v":1}}""", "[1]", "7", "\"v\"", "null", """{"a":{"b":1}}""", """{"a\u002eb":1}"""]);
        var random = new Random(20261123);
        for (var i = 0; i < 3000; i++)
        {
            var number = i % 3 == 0 ? random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture)
                : BitConverter.Int64BitsToDouble(random.NextInt64()) is var d && double.IsFinite(d) ? d.ToString("R", CultureInfo.InvariantCulture) : "0.1";
            documents.Add($$"""{"v":{{number}}}""");
        }

        foreach (var lot in documents.Chunk(500)) await AppendAsync("odd-1", [.. lot.Select(d => Event("odd", d))]);
        await AppendAsync("odd-1",
            new LogEvent { Type = "bytes", Data = """{"v":1}"""u8.ToArray() },
            new LogEvent { Type = "bytes", Data = new byte[] { 0x7c, 0x17, 0x76, 0x13, 0x31 } },
            new LogEvent { Type = "broken", Data = "{not json"u8.ToArray(), IsJson = true },
            new LogEvent { Type = "empty", Data = default });
    }

    private static string[] OddValues() =>
    [
        "0", "-0", "-0.0", "1e400", "-1e400", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616",
        "123456789012345678", "1234567890123456789", "0.1", "0.30000000000000004", "1e-400", "5e-324", "1.7976931348623157e308", "1E5", "1.0", "true", "false", "null",
        "\"\"", "\"a\"", "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud83d\\ude00\"", "\"é\"", "\"\\u00e9\"", "\"\\\\u0061\"", "\"\\\"\\/\\b\\f\\n\"", "\"1\"", "[]", "{}", "[1,2]", "{\"v\":1}",
    ];
}
