using System.Diagnostics;
using EventSourcing.Sqlite.Files;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class InsertTests : OpenLogTest
{
    private const string Id = "b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55";

    [Test]
    public async Task An_insert_is_an_append_with_all_that_it_says()
    {
        Sql("INSERT INTO events (stream, version, eventId, eventType, createdDate, correlationId, causationId, metadata, data) "
            + "VALUES ('order-1', 1, $id, 'created', '2026-05-01 12:00:00.123', 'trace', 'cause', '{\"actor\":\"ann\"}', '{\"a\":1}')", ("$id", Id.ToUpperInvariant()));

        var e = (await AllAsync()).Should().ContainSingle().Subject;
        (e.StreamId.Value, e.Version, e.Id, e.Type, e.CorrelationId, e.CausationId).Should().Be(("order-1", 1L, Guid.Parse(Id), "created", "trace", "cause"));
        e.OccurredAt.Should().Be(new DateTimeOffset(2026, 5, 1, 12, 0, 0, 123, TimeSpan.Zero));
        e.Timestamp.Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        System.Text.Encoding.UTF8.GetString(e.Metadata.Span).Should().Be("{\"actor\":\"ann\"}");
        e.IsJson.Should().BeTrue();
    }

    [Test]
    public async Task Without_an_id_the_log_s_own_is_given_and_found_by()
    {
        await AppendAsync("s-1", Event("a", "{}"));
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'a', '{}'), ('s-1', 'a', '{}')");

        foreach (var e in await AllAsync())
        {
            (await Log.FindEventAsync(e.Id))!.Value.Position.Should().Be(e.Position);
        }

        Count("es_ids").Should().Be(0);
    }

    [Test]
    public async Task A_repeat_does_nothing_and_other_content_is_refused()
    {
        var own = await AppendAsync("s-1", Event("a", """{"n":1}"""));
        var ownId = (await AllAsync())[0].Id;
        Sql("INSERT INTO events (stream, eventId, eventType, data) VALUES ('s-1', $id, 'a', '{\"n\":2}')", ("$id", Id));
        await AllAsync();
        var before = Dump();
        foreach (var (id, n) in new[] { (Id, 2), (ownId.ToString(), 1) })
        {
            foreach (var verb in new[] { "INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "REPLACE" })
                Sql($"{verb} INTO events (stream, eventId, eventType, data, version) VALUES ('s-1', '{id}', 'a', '{{\"n\":{n}}}', 77)");
            Refused($"INSERT INTO events (stream, eventId, eventType, data) VALUES ('s-1', '{id}', 'a', '{{\"n\":3}}')", "in use");
            Refused($"INSERT OR REPLACE INTO events (stream, eventId, eventType, data) VALUES ('s-2', '{id}', 'a', '{{\"n\":{n}}}')", "in use");
            Refused($"INSERT OR IGNORE INTO events (stream, eventId, eventType, data) VALUES ('s-1', '{id}', 'b', '{{\"n\":{n}}}')", "in use");
        }

        Dump().Should().Be(before);
        own.LastPosition.ToInt64().Should().Be(1);
    }

    [Test]
    public async Task A_repeat_by_the_library_of_what_sql_stored_is_a_duplicate()
    {
        Sql("INSERT INTO events (stream, eventId, eventType, data) VALUES ('s-1', $id, 'a', '{\"n\":2}')", ("$id", Id));

        var repeated = await AppendAsync("s-1", Event("a", """{"n":2}""", Guid.Parse(Id)));
        var other = async () => await AppendAsync("s-1", Event("a", """{"n":3}""", Guid.Parse(Id)));

        repeated.WasDuplicate.Should().BeTrue();
        await other.Should().ThrowAsync<DuplicateEventException>();
    }

    [Test]
    public async Task A_stated_version_is_the_one_that_the_event_will_have()
    {
        await AppendAsync("s-1", Event("a", "{}"));
        Refused("INSERT INTO events (stream, version, eventType, data) VALUES ('s-1', 1, 'a', '{}')", "version");
        Refused("INSERT INTO events (stream, version, eventType, data) VALUES ('s-1', 3, 'a', '{}')", "version");
        Sql("INSERT INTO events (stream, version, eventType, data) VALUES ('s-1', 2, 'a', '{}'), ('s-1', '3', 'a', '{}')");
        (await AppendAsync("s-1", Event("a", "{}"))).Version.Should().Be(4);
    }

    [TestCase("position", "1", "position")]
    [TestCase("eventType", "NULL", "eventType")]
    [TestCase("eventType", "''", "eventType")]
    [TestCase("eventType", "7", "eventType")]
    [TestCase("eventType", "'a' || char(0) || 'b'", "eventType")]
    [TestCase("eventType", "'a' || char(133)", "eventType")]
    [TestCase("eventType", "CAST(x'61ff' AS TEXT)", "eventType")]
    [TestCase("eventType", "hex(zeroblob(257))", "eventType")]
    [TestCase("stream", "''", "stream")]
    [TestCase("stream", "'a' || char(10)", "stream")]
    [TestCase("stream", "hex(zeroblob(257))", "stream")]
    [TestCase("correlationId", "'a' || char(0)", "correlationId")]
    [TestCase("causationId", "1", "causationId")]
    [TestCase("eventId", "'x'", "eventId")]
    [TestCase("eventId", "randomblob(16)", "eventId")]
    [TestCase("eventId", "'b2e0c5ccce1d4bf9a7c8c1fd87ea8d55'", "eventId")]
    [TestCase("eventId", "'00000000-0000-0000-0000-000000000000'", "eventId")]
    [TestCase("eventId", "'g2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55'", "eventId")]
    [TestCase("createdDate", "'yesterday'", "createdDate")]
    [TestCase("createdDate", "1700000000", "createdDate")]
    [TestCase("createdDate", "'0000-12-31'", "createdDate")]
    [TestCase("data", "NULL", "data")]
    [TestCase("data", "'{'", "data")]
    [TestCase("data", "x'7b7d'", "data")]
    [TestCase("data", "'{}' || char(0)", "data")]
    [TestCase("metadata", "'[]'", "metadata")]
    [TestCase("metadata", "'{'", "metadata")]
    [TestCase("metadata", "7", "metadata")]
    public void What_no_event_may_say_is_refused(string column, string value, string message)
    {
        var said = new Dictionary<string, string> { ["eventType"] = "'a'", ["data"] = "'{}'" };
        said[column] = value;
        var before = Dump();
        foreach (var verb in new[] { "INSERT", "INSERT OR IGNORE", "REPLACE" })
        {
            var sql = $"{verb} INTO events ({string.Join(", ", said.Keys)}) VALUES ({string.Join(", ", said.Values)})";
            Refused(sql, message);
            Shell.Errors(Path, sql + ";").Should().Contain(message);
        }

        Dump().Should().Be(before);
    }

    [Test]
    public async Task Text_that_is_no_utf_8_is_no_name([Values("stream", "eventType", "correlationId", "causationId")] string column)
    {
        // Lone and missing continuations, overlong forms, surrogates, beyond U+10FFFF, bytes that are in no UTF-8.
        string[] bytes = ["a9", "61a962", "c3", "6ee282", "c3a9a9", "c0af", "e082a9", "f08282a9", "eda080", "edb08061", "f4908080", "f888808080", "ff"];
        foreach (var hex in bytes)
        {
            var name = $"CAST(x'{hex}' AS TEXT)";
            var sql = column == "eventType" ? $"INSERT INTO events (eventType, data) VALUES ({name}, '{{}}')" : $"INSERT INTO events (eventType, data, {column}) VALUES ('a', '{{}}', {name})";
            Refused(sql, column);
            Shell.Errors(Path, sql + ";").Should().Contain(column);
        }

        foreach (var name in new[] { "größe", "😀", "\uFFFD", "a\u00A0b", "\U0010FFFD", "日本語" })
        {
            Sql($"INSERT INTO events (eventType, data, stream, correlationId, causationId) VALUES ($n, '{{}}', $n, $n, $n)", ("$n", name));
            var e = (await AllAsync())[^1];
            (e.Type, e.StreamId.Value, e.CorrelationId, e.CausationId).Should().Be((name, name, name, name));
        }

        Count("events").Should().Be(6);
    }

    [Test]
    public async Task Text_that_is_no_utf_8_is_no_tag()
    {
        await StoreRulesAsync(EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered", e => e.Tag("n", "n"))));
        foreach (var hex in new[] { "a9", "c3", "eda080" }) Refused($"INSERT INTO events (eventType, data) VALUES ('numbered', CAST(x'7b226e223a22{hex}227d' AS TEXT))", "tag");
        Sql("INSERT INTO events (eventType, data) VALUES ('numbered', '{\"n\":\"größe\"}')");
    }

    [TestCase("data", "'\"' || hex(zeroblob($n / 2 - 1)) || '\"'")]
    [TestCase("data", "json_quote(printf('%.*c', $n / 2 - 1, 'é'))")]
    [TestCase("metadata", "json_object('k', hex(zeroblob($n / 2 - 5)))")]
    public async Task An_event_is_no_larger_than_the_log_s_limit(string column, string value)
    {
        const int Default = 1 << 20;
        foreach (var limit in new[] { Default, 4096 })
        {
            await Log.DisposeAsync();
            await using var log = SqliteEventLog.Open(Path, new() { Limits = new() { MaxEventBytes = limit } });
            var (columns, values) = column == "data" ? ("data", value) : ("data, metadata", $"'1', {value}");
            var sql = $"INSERT INTO events (stream, eventType, {columns}) VALUES ('s-{limit}', 'a', {values})";
            Refused(sql.Replace("$n", $"{limit + 2}", StringComparison.Ordinal), $"at most {limit} bytes");
            Shell.Errors(Path, sql.Replace("$n", $"{limit + 2}", StringComparison.Ordinal) + ";").Should().Contain($"at most {limit} bytes");
            Sql(sql.Replace("$n", $"{limit}", StringComparison.Ordinal));
            var stored = (await AllAsync(log))[^1];
            (stored.Data.Length + stored.Metadata.Length).Should().BeInRange(limit - 3, limit);
        }
    }

    [Test]
    public async Task The_limit_is_kept_when_a_column_is_computed_and_by_readers()
    {
        await Log.DisposeAsync();
        await using var log = SqliteEventLog.Open(Path, new() { Limits = new() { MaxEventBytes = 100 } });
        await log.AddComputedColumnAsync("orderId");
        await using var reader = SqliteEventLog.Open(Path, new() { ReadOnly = true });
        Refused("INSERT INTO events (eventType, data) VALUES ('a', json_quote(hex(zeroblob(50))))", "at most 100 bytes");
        Sql("CREATE TABLE stock (sku, photo)");
        await log.CaptureTableAsync("stock");
        Sql("INSERT INTO stock VALUES ('a', zeroblob(1000))");
        Count("events").Should().Be(1, "a captured table takes what it took before");
        Refused("INSERT INTO events (eventType, data) VALUES ('a', json_quote(hex(zeroblob(50))))", "at most 100 bytes");
        (await AllAsync(log)).Single().Data.Length.Should().BeGreaterThan(2000);
    }

    [TestCase("INSERT INTO events (eventType, data, metadata) VALUES ('numbered', '{}', CAST(x'7b2261223a22a9227d' AS TEXT))")]
    [TestCase("INSERT INTO events (eventType, data) VALUES ('numbered', CAST(x'7b226e616d65223a22a9227d' AS TEXT))")]
    public async Task What_cannot_be_decoded_is_an_error_that_names_the_event(string sql)
    {
        var store = new EventStore(Log, EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered")));
        await AppendAsync("s-1", Event("a", "{}"));
        Sql(sql);
        var read = async () => await store.ReadAllAsync(EventQuery.OfTypes("numbered")).Select(e => e.Headers).ToListAsync();
        (await read.Should().ThrowAsync<EventSerializationException>()).Which.Position.ToInt64().Should().Be(2);
    }

    [Test]
    public async Task A_computed_column_is_taken_from_data()
    {
        await Log.AddComputedColumnAsync("orderId");
        Refused("INSERT INTO events (eventType, data, orderId) VALUES ('a', '{}', '1')", "promoted");
    }

    [Test]
    public async Task Every_millisecond_is_kept()
    {
        Shell.Run(Path, "INSERT INTO events (stream, eventType, createdDate, data) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
            + "SELECT 's-1', 'a', '2026-05-01T12:34:56.' || printf('%03d', i) || 'Z', '{}' FROM n;");
        (await AllAsync()).Select(e => e.OccurredAt!.Value.Millisecond).Should().Equal(Enumerable.Range(0, 1000));
    }

    [Test]
    public async Task A_transaction_rolled_back_leaves_nothing()
    {
        using (var connection = Connect())
        {
            connection.Run("BEGIN; INSERT INTO events (eventType, data) VALUES ('a', '{}'); SAVEPOINT s; INSERT INTO events (eventType, data) VALUES ('b', '{}'); ROLLBACK TO s; INSERT INTO events (eventType, data) VALUES ('c', '{}'); COMMIT");
            connection.Run("BEGIN; INSERT INTO events (eventType, data) VALUES ('d', '{}'); ROLLBACK");
        }

        (await AllAsync()).Select(e => (e.Position.ToInt64(), e.Type)).Should().Equal((1, "a"), (2, "c"));
    }

    [Test]
    public async Task A_waiting_reader_is_woken()
    {
        await AppendAsync("s-1", Event("a", "{}"));
        var waiting = Log.WaitAsync(GlobalPosition.FromInt64(1), default).AsTask();
        // The first look of the watcher comes with the wait; an insert after it needs the hint.
        await Task.Delay(300);
        var started = Stopwatch.GetTimestamp();
        Shell.Run(Path, "INSERT INTO events (eventType, data) VALUES ('b', '{}');");
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        TestContext.Out.WriteLine($"woken {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms after the shell was started");
        (await AllAsync())[^1].Type.Should().Be("b");
        Count("es_unfinished").Should().Be(0);
    }

    [Test]
    public async Task Only_other_processes_count_as_having_the_file_open()
    {
        await AppendAsync("s-1", Event("a", "{}"));
        using var reader = Connect();
        var others = new OtherProcesses(new(Path, TimeProvider.System));
        others.HaveFileOpen().Should().BeFalse();
        Shell.WhileOpen(Path, () => others.HaveFileOpen().Should().BeTrue());
        others.HaveFileOpen().Should().BeFalse();
    }

    [Test]
    public async Task Shell_inserts_succeed_while_64_callers_append()
    {
        using var stop = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 64).Select(i => Task.Run(async () =>
        {
            var appended = 0;
            for (; !stop.IsCancellationRequested; appended++) await AppendAsync($"busy-{i}", Event("busy", "{}"));
            return appended;
        })).ToList();
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 40; i++)
        {
            var started = Stopwatch.GetTimestamp();
            Shell.Run(Path, $"INSERT INTO events (stream, eventType, data) VALUES ('shell-1', 'shell', '{{\"n\":{i}}}');");
            slowest = Stopwatch.GetElapsedTime(started) is var taken && taken > slowest ? taken : slowest;
        }

        await stop.CancelAsync();
        var appended = (await Task.WhenAll(callers)).Sum();
        TestContext.Out.WriteLine($"the slowest of 40 inserts took {slowest.TotalMilliseconds:F0} ms, the shell's start included; {appended} appends meanwhile");
        var all = await AllAsync();
        all.Select(e => e.Position.ToInt64()).Should().Equal(Enumerable.Range(1, appended + 40).Select(i => (long)i));
        all.Count(e => e.Type == "shell").Should().Be(40);
    }

    private void Refused(string sql, string message)
    {
        var run = () => Sql(sql);
        run.Should().Throw<SqliteException>().WithMessage($"*{message}*");
    }
}
