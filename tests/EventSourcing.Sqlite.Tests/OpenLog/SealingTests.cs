using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Writing;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class SealingTests : OpenLogTest
{
    private static readonly TimeSpan s_shorterThanTheBusyTimeout = TimeSpan.FromSeconds(5);

    private static EventTypeMap Map(params (string Tag, string Property)[] tags) =>
        EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered", e => Array.ForEach(tags, tag => e.Tag(tag.Tag, tag.Property))));

    [Test]
    public async Task Rows_of_sql_are_tagged_by_the_rules_of_the_map()
    {
        _ = new EventStore(Log, Map(("n", "n"), ("name", "name")));
        Sql("""INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'numbered', '{"name":"ann","n":7}'), ('s-1', 'unknown', '{"n":7}'), ('s-1', 'numbered', '{"n":[1,2,1]}')""");
        await AppendAsync("s-1", Event("own", "{}", null, new Tag("n", "7")));

        var all = await AllAsync();

        all.Select(e => string.Join(',', e.Tags ?? [])).Should().Equal("name:ann,n:7", "", "n:1,n:2", "n:7");
        (await AllAsync(query: LogQuery.All.Tagged("n", "7"))).Select(e => e.Position.ToInt64()).Should().Equal(1, 4);
        (Count("es_unfinished"), Count("es_events WHERE checksum IS NULL"), Count("es_streams WHERE checksum IS NULL"), Count("es_types WHERE checksum IS NULL")).Should().Be((0L, 0L, 0L, 0L));
    }

    [Test]
    public async Task An_older_map_removes_no_rule_that_a_newer_one_has_stored()
    {
        await StoreRulesAsync(Map(("n", "n")));
        await ReopenAsync();
        _ = new EventStore(Log, Map());
        Sql("""INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'numbered', '{"name":"ann","n":7}')""");
        await AppendAsync("s-2", Event("other", "{}"));

        (await AllAsync())[0].Tags!.Select(t => t.ToString()).Should().Equal("n:7");
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task A_condition_by_a_newer_map_s_tag_sees_an_event_inserted_while_an_older_one_writes()
    {
        await using var newer = SqliteEventLog.Open(Path);
        _ = new EventStore(newer, Map(("n", "n")));
        await newer.RemoveCaptureAsync("none");
        _ = new EventStore(Log, Map());
        Sql("""INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'numbered', '{"n":7}')""");
        await AppendAsync("s-2", Event("other", "{}"));

        var append = () => newer.AppendAsync(new() { Writes = new StreamWrite[] { new("s-3", ExpectedVersion.Any, new[] { Event("a", "{}") }) }, Condition = new(LogQuery.Of(new LogQueryItem(tags: [new("n", "7")]))) }, default).AsTask();
        await append.Should().ThrowAsync<AppendConditionFailedException>();
    }

    [Test]
    public async Task A_rule_goes_when_it_is_removed_and_comes_with_a_map_that_has_it()
    {
        _ = new EventStore(Log, Map(("n", "n"), ("name", "name")));
        (await Log.RemoveTagRuleAsync("numbered", "n", "n")).Should().BeTrue();
        (await Log.RemoveTagRuleAsync("numbered", "n", "n")).Should().BeFalse();
        Sql("""INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'numbered', '{"name":"ann","n":7}')""");

        (await AllAsync())[0].Tags!.Select(t => t.ToString()).Should().Equal("name:ann");
        Count("es_tag_rules").Should().Be(1);
        await ReopenAsync();
        await StoreRulesAsync(Map(("n", "n")));
        Count("es_tag_rules").Should().Be(2);
    }

    [TestCase("""{"Email":"b@x"}""", "email:b@x")]
    [TestCase("""{"email":null,"Email":"g@x"}""", "email:g@x")]
    [TestCase("""{"email":"c","email":"d"}""", "email:d")]
    [TestCase("""{"email":"c","EMAIL":["d","e"]}""", "email:d,email:e")]
    [TestCase("""{"email":"c","\u0045mail":"d"}""", "email:d")]
    [TestCase("""{"email":"c","Email":null}""", "")]
    [TestCase("""{"emails":"c"}""", "")]
    public async Task An_event_has_the_tags_of_the_properties_that_it_is_read_with(string json, string tags)
    {
        _ = new EventStore(Log, EventTypeMap.Create(CaselessJson.Default, map => map.Add<Registered>("registered", e => e.Tag("email", "email"))));
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'registered', $json)", ("$json", json));

        string.Join(',', (await AllAsync())[0].Tags ?? []).Should().Be(tags);
    }

    [TestCase("""{"Email":{}}""")]
    [TestCase("""{"EMAIL":"a\u0001"}""")]
    public async Task What_cannot_be_a_tag_is_refused_in_any_case(string json)
    {
        await StoreRulesAsync(EventTypeMap.Create(CaselessJson.Default, map => map.Add<Registered>("registered", e => e.Tag("email", "email"))));
        var insert = () => Sql("INSERT INTO events (eventType, data) VALUES ('registered', $json)", ("$json", json));
        insert.Should().Throw<Microsoft.Data.Sqlite.SqliteException>().WithMessage("*tag*");
    }

    [Test]
    public async Task A_property_of_another_case_is_no_tag_where_the_contract_compares_bytes()
    {
        _ = new EventStore(Log, Map(("name", "name")));
        Sql("""INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'numbered', '{"Name":"ann"}')""");
        (await AllAsync())[0].Tags.Should().BeNull();
    }

    [Test]
    public async Task A_map_that_reads_without_case_widens_the_rule_and_no_other_narrows_it()
    {
        await StoreRulesAsync(EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("registered", e => e.Tag("name", "name"))));
        Scalar("SELECT ignores_case FROM es_tag_rules").Should().BeNull();
        await StoreRulesAsync(EventTypeMap.Create(CaselessJson.Default, map => map.Add<Numbered>("registered", e => e.Tag("name", "name"))));
        Scalar("SELECT ignores_case FROM es_tag_rules").Should().Be(1L);
        await ReopenAsync();
        await StoreRulesAsync(EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("registered", e => e.Tag("name", "name"))));
        Scalar("SELECT ignores_case FROM es_tag_rules").Should().Be(1L);
    }

    [Test]
    public async Task Opening_a_store_writes_nothing_and_the_first_write_or_finalization_stores_the_rules([Values] bool byAppend)
    {
        using var other = Connect();
        var before = DataVersionOf(other);
        _ = new EventStore(Log, Map(("n", "n")));
        (DataVersionOf(other), Count("es_tag_rules")).Should().Be((before, 0L));
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();

        if (byAppend) await AppendAsync("s-1", Event("numbered", "{}"));
        else Sql("""INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'numbered', '{"n":7}')""");
        (await AllAsync()).Single().Tags.Should().BeEquivalentTo(byAppend ? null : new Tag[] { new("n", "7") });
        Count("es_tag_rules").Should().Be(1);
    }

    private static object? DataVersionOf(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA data_version";
        return command.ExecuteScalar();
    }

    [Test]
    public async Task Rules_of_a_write_that_is_undone_are_stored_by_the_next()
    {
        _ = new EventStore(Log, Map(("n", "n")));
        var work = async () => await Log.InSqliteTransactionAsync<int>(tx =>
        {
            using var command = tx.Connection.CreateCommand();
            command.CommandText = "CREATE TEMP TABLE once (n UNIQUE); INSERT INTO once VALUES (1); INSERT OR ROLLBACK INTO once VALUES (1)";
            return command.ExecuteNonQuery();
        });
        await work.Should().ThrowAsync<Exception>();
        Count("es_tag_rules").Should().Be(0);
        await AppendAsync("s-1", Event("a", "{}"));
        Count("es_tag_rules").Should().Be(1);
    }

    [TestCase("""{"n":{}}""")]
    [TestCase("""{"n":[1,{}]}""")]
    [TestCase("""{"n":"a\u0001"}""")]
    [TestCase("""{"n":"\u0000"}""")]
    public async Task What_cannot_be_a_tag_is_refused(string json)
    {
        await StoreRulesAsync(Map(("n", "n")));
        var insert = () => Sql("INSERT INTO events (eventType, data) VALUES ('numbered', $json)", ("$json", json));
        insert.Should().Throw<Microsoft.Data.Sqlite.SqliteException>().WithMessage("*tag*");
        Count("events").Should().Be(0);
    }

    [Test]
    public async Task A_read_only_log_ends_before_what_is_not_finalized()
    {
        await AppendAsync("s-1", Event("a", "{}"), Event("a", "{}"));
        await using var reader = SqliteEventLog.Open(Path, new() { ReadOnly = true });
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'a', '{}')");

        (await AllAsync(reader)).Should().HaveCount(2);
        using (var page = await reader.ReadAsync(new StreamRead("s-1") { Direction = ReadDirection.Backward }, default))
        {
            page.Events.Length.Should().Be(2);
            (page.StreamVersion, page.Head.ToInt64()).Should().Be((2, 2));
        }

        Count("es_unfinished").Should().Be(1);
        (await AllAsync()).Should().HaveCount(3);
        (await AllAsync(reader)).Should().HaveCount(3);
    }

    [Test]
    public async Task Heads_versions_and_ids_are_read_after_finalizing()
    {
        var store = new EventStore(Log, Map());
        Sql("INSERT INTO events (stream, eventId, eventType, data) VALUES ('s-1', 'b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55', 'a', '{}')");
        (await store.GetHeadAsync()).ToInt64().Should().Be(1);
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'a', '{}')");
        (await store.GetStreamInfoAsync("s-1")).Version.Should().Be(2);
        await Log.WaitAsync(GlobalPosition.FromInt64(1), default);
        (await Log.FindEventAsync(Guid.Parse("b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55"))).Should().NotBeNull();
    }

    [Test]
    public async Task Expected_versions_are_checked_after_finalizing()
    {
        await AppendAsync("s-1", Event("a", "{}"));
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'a', '{}')");
        var append = async () => await Log.AppendAsync(new() { Writes = new StreamWrite[] { new("s-1", ExpectedVersion.Exactly(1), new[] { Event("a", "{}") }) } }, default);
        (await append.Should().ThrowAsync<WrongExpectedVersionException>()).Which.Mismatches[0].Actual.Should().Be(2);
    }

    [Test]
    public async Task A_decision_is_refused_when_its_conflict_arrives_by_sql_in_between_a_thousand_times()
    {
        _ = new EventStore(Log, Map(("n", "n")));
        await AppendAsync("s-0", Event("start", "{}"));
        using var foreign = Connect();
        var refused = 0;
        for (var i = 0; i < 1000; i++)
        {
            var query = LogQuery.OfTypes("numbered").Tagged("n", i.ToString(System.Globalization.CultureInfo.InvariantCulture));
            GlobalPosition seen;
            using (var page = await Log.ReadAsync(new AllRead { Query = query }, default)) seen = page.Head;
            foreign.Run("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'numbered', json_object('n', $n))", ("$n", i));
            try
            {
                await Log.AppendAsync(new() { Writes = new StreamWrite[] { new("s-2", ExpectedVersion.Any, new[] { Event("decided", "{}") }) }, Condition = new(query, seen) }, default);
            }
            catch (AppendConditionFailedException)
            {
                refused++;
            }
        }

        refused.Should().Be(1000);
        Count("events WHERE eventType = 'decided'").Should().Be(0);
    }

    [Test]
    public async Task Finalizing_that_ends_at_a_random_time_is_done_once_after_reopening()
    {
        await StoreRulesAsync(Map(("n", "n")));
        await Log.DisposeAsync();
        var random = new Random(4711);
        var expected = 0;
        for (var round = 0; round < 100; round++)
        {
            var count = random.Next(1, 40);
            Sql($"INSERT INTO events (stream, eventType, data) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT 's-' || (i % 3), 'numbered', json_object('n', i) FROM n");
            expected += count;
            // A killed writer leaves its write-ahead log without the commit: as if the transaction had been rolled back after some of its statements.
            using (var killed = Database.Writer(Path, new()))
            {
                var tags = new NameTable(killed, Native.Sql.Tags);
                killed.Execute("BEGIN IMMEDIATE");
                if (random.Next(4) > 0) new Sealer(killed, tags, new()).SealAll();
                if (random.Next(2) > 0) killed.Execute("DELETE FROM es_unfinished");
            }

            if (random.Next(3) > 0) continue;
            await using var log = SqliteEventLog.Open(Path);
            (await AllAsync(log)).Should().HaveCount(expected);
        }

        await ReopenAsync();
        var all = await AllAsync();
        all.Should().HaveCount(expected).And.OnlyContain(e => e.Tags!.Count == 1);
        (Count("es_unfinished"), Count("es_event_tags"), Count("es_events WHERE checksum IS NULL")).Should().Be((0L, (long)expected, 0L));
    }

    [Test]
    public async Task A_read_does_not_wait_for_a_foreign_lock_to_finalize([Values] bool isWriterWaiting)
    {
        await AppendAsync("s-1", Event("a", "{}"));
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'a', '{}')");
        Task append = Task.CompletedTask;
        using (new Faults.ForeignLock(Path))
        {
            if (isWriterWaiting) append = AppendAsync("s-1", Event("a", "{}")).AsTask();
            for (var i = 0; i < 3; i++) (await AllAsync().WaitAsync(s_shorterThanTheBusyTimeout)).Should().HaveCount(1);
        }

        await append;
        (await AllAsync()).Should().HaveCount(isWriterWaiting ? 3 : 2);
    }

    [Test]
    public async Task A_read_does_not_wait_for_user_code_to_finalize()
    {
        await AppendAsync("s-1", Event("a", "{}"));
        using var release = new ManualResetEventSlim();
        var inserted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool Work()
        {
            inserted.SetResult();
            return release.Wait(TimeSpan.FromSeconds(60));
        }

        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'a', '{}')");
        var work = Log.InSqliteTransactionAsync(_ => Work()).AsTask();
        await inserted.Task;

        (await AllAsync().WaitAsync(s_shorterThanTheBusyTimeout)).Should().HaveCount(1);

        release.Set();
        await work;
        (await AllAsync()).Should().HaveCount(2);
    }

    [Test]
    public async Task Events_that_a_lock_kept_from_being_finalized_reach_the_waiters()
    {
        await AppendAsync("s-1", Event("a", "{}"));
        Task waiting;
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'a', '{}')");
        using (new Faults.ForeignLock(Path))
        {
            waiting = Log.WaitAsync(GlobalPosition.FromInt64(1), default).AsTask();
            (await AllAsync().WaitAsync(s_shorterThanTheBusyTimeout)).Should().HaveCount(1);
        }

        // The lock was given back without a commit: nothing in the file says so.
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        (await AllAsync()).Should().HaveCount(2);
    }
}
