using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class ViewColumnTests : OpenLogTest
{
    [Test]
    public async Task The_view_says_both_times_the_tags_the_actor_and_the_schema_number()
    {
        await AppendAsync("s-1", Event("a", "{}", null, [new("customer", "42"), new("größe", "\"x\"")]) with
        {
            OccurredAt = new(1969, 12, 31, 23, 59, 58, 999, 999, TimeSpan.Zero),
            Metadata = """{"actor":"ann","source":"web"}"""u8.ToArray(),
            SchemaVersion = 3,
        });
        await AppendAsync("s-1", Event("a", "{}"));

        Row(1, "occurredAt", "createdDate", "tags", "actor", "schemaVersion").Should().Equal("1969-12-31T23:59:58.999999Z", "1969-12-31T23:59:58.999999Z", """["customer:42","größe:\"x\""]""", "ann", 3L);
        Row(2, "occurredAt", "tags", "actor", "schemaVersion").Should().Equal(new object?[] { null, null, null, 1L });
        Row(2, "timestamp").Should().Equal(Row(2, "createdDate"));
        Row(1, "timestamp").Single().Should().NotBe(Row(1, "createdDate").Single());
        Shell.Run(Path, "SELECT occurredAt, tags, actor, schemaVersion FROM events WHERE position = 1;").Should().Be("""1969-12-31T23:59:58.999999Z|["customer:42","größe:\"x\""]|ann|3""");
    }

    [Test]
    public async Task Tags_of_any_number_are_named_in_their_order()
    {
        // Their ids take one to three bytes.
        var tags = Enumerable.Range(0, 20_000).Select(i => new Tag("t", $"{i}")).ToArray();
        foreach (var some in tags.Chunk(1_000)) await AppendAsync("s-1", Event("a", "{}", null, some));

        for (var position = 1; position <= 20; position++)
            Row(position, "tags").Single().Should().Be("[" + string.Join(',', tags.Skip((position - 1) * 1_000).Take(1_000).Select(t => $"\"{t}\"")) + "]");
    }

    [Test]
    public async Task An_event_of_sql_shows_its_tags_when_it_is_finalized()
    {
        _ = new EventStore(Log, EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered", e => e.Tag("n", "n"))));
        Sql("""INSERT INTO events (eventType, data, actor, schemaVersion) VALUES ('numbered', '{"n":7}', 'eve', 2)""");
        Row(1, "tags", "actor", "schemaVersion").Should().Equal(new object?[] { null, "eve", 2L });

        var e = (await AllAsync()).Single();
        (e.SchemaVersion, e.Mark != 0).Should().Be((2, true));
        Row(1, "tags", "metadata").Should().Equal("""["n:7"]""", """{"actor":"eve"}""");
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [TestCase("timestamp", "'2026-01-01'", "timestamp is given by the log")]
    [TestCase("tags", "'[]'", "tags are taken from data")]
    [TestCase("actor, metadata", "'ann', '{\"actor\":\"eve\"}'", "actor is not the one")]
    [TestCase("actor, metadata", "'ann', '{\"actor\":null}'", "actor is not the one")]
    [TestCase("actor", "''", "actor is text")]
    [TestCase("actor", "7", "actor is text")]
    [TestCase("createdDate, occurredAt", "'2026-01-01', '2026-01-02'", "occurredAt is another time")]
    [TestCase("createdDate, occurredAt", "'2026-01-01 00:00:00.000001', '2026-01-01'", "occurredAt is another time")]
    [TestCase("occurredAt", "'2026-02-30'", "occurredAt")]
    [TestCase("schemaVersion", "0", "schemaVersion is a number")]
    [TestCase("schemaVersion", "'2'", "schemaVersion is a number")]
    [TestCase("schemaVersion", "2147483648", "schemaVersion is a number")]
    public void What_contradicts_or_is_the_log_s_own_is_refused(string columns, string values, string message)
    {
        var before = Dump();
        var insert = () => Sql($"INSERT INTO events (eventType, data, {columns}) VALUES ('a', '{{}}', {values})");
        insert.Should().Throw<SqliteException>().WithMessage($"*{message}*");
        Dump().Should().Be(before);
    }

    [TestCase("actor, metadata", "'ann', '{\"actor\":\"ann\"}'", "{\"actor\":\"ann\"}")]
    [TestCase("actor, metadata", "'ann', '{\"a\":\"1\"}'", "{\"a\":\"1\",\"actor\":\"ann\"}")]
    [TestCase("createdDate, occurredAt", "'2026-01-01', '2026-01-01T01:00:00+01:00'", null)]
    public void What_agrees_is_taken(string columns, string values, string? metadata)
    {
        Sql($"INSERT INTO events (eventType, data, {columns}) VALUES ('a', '{{}}', {values})");
        Row(1, "metadata").Should().Equal(new object?[] { metadata });
    }

    [TestCase("2026-03-04T05:06:07.123456Z", "2026-03-04T05:06:07.123456Z")]
    [TestCase("2026-03-04 05:06:07.123999", "2026-03-04T05:06:07.123999Z")]
    [TestCase("2026-03-04 05:06:07.9999999+01:30", "2026-03-04T03:36:07.999999Z")]
    [TestCase("2026-03-04 05:06", "2026-03-04T05:06:00.000000Z")]
    [TestCase("2026-03-04", "2026-03-04T00:00:00.000000Z")]
    [TestCase("2024-02-29T23:59:59.1Z", "2024-02-29T23:59:59.100000Z")]
    [TestCase("1969-12-31T23:59:59.500001Z", "1969-12-31T23:59:59.500001Z")]
    [TestCase("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z")]
    [TestCase("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    public async Task A_date_keeps_its_microseconds(string given, string stored)
    {
        Sql("INSERT INTO events (eventType, createdDate, data) VALUES ('a', $d, '{}')", ("$d", given));
        Row(1, "createdDate").Should().Equal(stored);
        (await AllAsync()).Single().OccurredAt!.Value.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", System.Globalization.CultureInfo.InvariantCulture).Should().Be(stored);
        Shell.Run(Path, $"INSERT INTO events (eventType, createdDate, data) VALUES ('a', '{given}', '{{}}'); SELECT createdDate FROM events WHERE position = 2;").Should().Be(stored);
    }

    [TestCase("2026-02-30")]
    [TestCase("2026-02-30T00:00:00Z")]
    [TestCase("2025-02-29")]
    [TestCase("2026-13-01")]
    [TestCase("2026-01-01T24:00:00Z")]
    [TestCase("2026-01-01T23:60:00Z")]
    [TestCase("2026-01-01T23:59:60Z")]
    [TestCase("2026-01-01T23:59:59.")]
    [TestCase("2026-01-01T23:59:59.Z")]
    [TestCase("2026-01-01T23:59.5")]
    [TestCase("2026-01-01x")]
    [TestCase("12:00")]
    [TestCase("now")]
    [TestCase("2460000.5")]
    [TestCase("-2026-01-01")]
    [TestCase("0000-12-31")]
    [TestCase("0001-01-01T00:00:00+01:00")]
    [TestCase("9999-12-31T23:59:59-01:00")]
    [TestCase("")]
    public void A_date_that_does_not_exist_is_refused(string given)
    {
        var insert = () => Sql("INSERT INTO events (eventType, createdDate, data) VALUES ('a', $d, '{}')", ("$d", given));
        insert.Should().Throw<SqliteException>().WithMessage("*createdDate is a date as text*");
        Shell.Errors(Path, $"INSERT INTO events (eventType, createdDate, data) VALUES ('a', '{given}', '{{}}');").Should().Contain("createdDate is a date as text");
        Count("events").Should().Be(0);
    }

    [Test]
    public async Task A_copy_of_another_log_in_sql_has_its_dates_and_actors()
    {
        await AppendAsync("s-1", Event("a", "{}") with { OccurredAt = new(2026, 1, 2, 3, 4, 5, 123, 456, TimeSpan.Zero), Metadata = """{"actor":"ann"}"""u8.ToArray() });
        using var other = new TemporaryFile();
        await using var copy = SqliteEventLog.Open(other.Path);
        using (var connection = new SqliteConnection($"Data Source={other.Path};Pooling=False"))
        {
            connection.Open();
            connection.Run($"ATTACH '{Path}' AS old");
            connection.Run("INSERT INTO main.events (eventId, stream, eventType, createdDate, occurredAt, metadata, actor, schemaVersion, data) SELECT eventId, stream, eventType, createdDate, occurredAt, metadata, actor, schemaVersion, data FROM old.events");
            connection.Rows("SELECT createdDate || actor || metadata FROM main.events").Should().Equal("""2026-01-02T03:04:05.123456Zann{"actor":"ann"}""");
        }
    }

    [TestCase("tags")]
    [TestCase("Actor")]
    public async Task A_new_computed_column_has_no_name_of_the_view_s(string name) =>
        (await FluentActions.Awaiting(() => Log.AddComputedColumnAsync(name).AsTask()).Should().ThrowAsync<ArgumentException>()).WithMessage("*column*already*");

    private List<object?> Row(long position, params string[] columns)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {string.Join(", ", columns)} FROM events WHERE position = {position}";
        using var reader = command.ExecuteReader();
        reader.Read().Should().BeTrue();
        return [.. columns.Select((_, i) => reader.IsDBNull(i) ? null : reader.GetValue(i))];
    }
}
