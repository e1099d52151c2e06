using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase), Parallelizable(ParallelScope.All)]
public class RepairTests : OpenLogTest
{
    public static IEnumerable<TestCaseData> Losses =>
    [
        Loss("The view", "DROP VIEW events", "view events"),
        Loss("Another view of the same name", "DROP VIEW events; CREATE VIEW events AS SELECT position FROM es_events", "view events"),
        Loss("The view's insert", "DROP TRIGGER events_insert", "trigger events_insert"),
        Loss("A guard", "DROP TRIGGER es_events_delete", "trigger es_events_delete"),
        Loss("A guard that does nothing", "DROP TRIGGER es_events_delete; CREATE TRIGGER es_events_delete BEFORE DELETE ON es_events BEGIN SELECT 1; END", "trigger es_events_delete"),
        Loss("A guard on another table", "DROP TRIGGER es_events_delete; CREATE TRIGGER es_events_delete BEFORE DELETE ON mine BEGIN SELECT 1; END", "trigger es_events_delete"),
        Loss("The index of versions", "DROP INDEX es_events_stream", "index es_events_stream"),
        Loss("The index of versions that is not unique", "DROP INDEX es_events_stream; CREATE INDEX es_events_stream ON es_events (stream, version)", "index es_events_stream"),
        Loss("A computed column's index", "DROP INDEX es_promoted_total", "index es_promoted_total"),
        Loss("An optional index of another column", "DROP INDEX es_events_type; CREATE INDEX es_events_type ON es_events (time)", "index es_events_type"),
        Loss("A capture's trigger", "DROP TRIGGER es_capture_update_mine", "trigger es_capture_update_mine"),
        Loss("A capture's trigger that does nothing", "DROP TRIGGER es_capture_insert_mine; CREATE TRIGGER es_capture_insert_mine AFTER INSERT ON mine BEGIN SELECT 1; END", "trigger es_capture_insert_mine"),
    ];

    [TestCaseSource(nameof(Losses))]
    public async Task Is_found_and_created_again(string sql, string where)
    {
        await FillAsync();
        var (schema, rows) = (Schema(), Dump());
        Sql(sql);
        // What was dropped does not keep a store from opening, but for the index that appends need.
        if (!sql.Contains(';', StringComparison.Ordinal) && !sql.Contains("es_events_stream", StringComparison.Ordinal)) await ReopenAsync();

        (await Log.VerifyAsync()).Issues.Should().Contain(f => f.Where == where);
        var repair = await Log.RepairAsync();

        repair.Repaired.Should().Contain(f => f.Where == where);
        repair.Remaining.Should().BeEmpty();
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
        Schema().Should().Equal(schema);
        Dump().Should().Be(rows);
    }

    [TestCaseSource(nameof(Losses))]
    public async Task Is_created_again_in_a_file_that_no_process_has_open(string sql, string where)
    {
        await FillAsync();
        var rows = Dump();
        await Log.DisposeAsync();
        Sql(sql);

        (await SqliteEventLog.RepairAsync(Path)).Repaired.Should().Contain(f => f.Where == where);

        await ReopenAsync();
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
        Dump().Should().Be(rows);
    }

    [Test]
    public async Task A_file_without_view_and_guards_is_found_so_by_itself()
    {
        await FillAsync();
        await Log.DisposeAsync();
        Sql("DROP VIEW events; DROP TRIGGER es_log_update");
        (await SqliteEventLog.VerifyAsync(Path)).Issues.Select(f => f.Where).Should()
            .BeEquivalentTo("view events", "trigger events_insert", "trigger events_update", "trigger events_delete", "trigger es_log_update");
    }

    [Test]
    public async Task A_store_without_its_view_opens_with_another_limit()
    {
        await Log.DisposeAsync();
        Sql("DROP VIEW events");
        await using var log = SqliteEventLog.Open(Path, new() { Limits = new() { MaxEventBytes = 1000 } });
        (await log.RepairAsync()).Remaining.Should().BeEmpty();
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s', 't', '{}')");
        Count("events").Should().Be(1);
    }

    [Test]
    public async Task A_column_is_added_though_the_view_was_dropped()
    {
        Sql("DROP VIEW events");
        await Log.AddComputedColumnAsync("total");
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task Where_nothing_is_missing_nothing_is_done()
    {
        await FillAsync();
        var version = Scalar("PRAGMA schema_version");
        (await Log.RepairAsync()).Should().BeEquivalentTo(new { Repaired = Array.Empty<IntegrityIssue>(), Remaining = Array.Empty<IntegrityIssue>() });
        Scalar("PRAGMA schema_version").Should().Be(version);
    }

    [Test]
    public async Task What_others_put_on_the_logs_tables_is_found_and_left()
    {
        Sql("CREATE TRIGGER mine AFTER INSERT ON es_events BEGIN SELECT 1; END; CREATE UNIQUE INDEX only_one ON es_events (type); CREATE INDEX another ON es_events (time); CREATE TABLE own (x); CREATE INDEX of_mine ON own (x)");

        (await Log.VerifyAsync()).Issues.Select(f => f.Where).Should().BeEquivalentTo("trigger mine", "index only_one", "index another");
        var repair = await Log.RepairAsync();

        repair.Repaired.Should().BeEmpty();
        repair.Remaining.Select(f => f.Where).Should().BeEquivalentTo("trigger mine", "index only_one", "index another");
    }

    [Test]
    public async Task A_missing_table_is_found_and_left()
    {
        Sql("DROP TABLE es_captures");
        var repair = await Log.RepairAsync();
        repair.Repaired.Should().BeEmpty();
        repair.Remaining.Select(f => f.Where).Should().Contain(["table es_captures", "trigger es_captures_insert"]);
    }

    [Test]
    public async Task An_index_that_cannot_be_built_is_left_and_the_rest_is_made()
    {
        await FillAsync();
        Sql("DROP INDEX es_events_stream; DROP TRIGGER es_events_update; UPDATE es_events SET version = 1; DROP VIEW events");
        var repair = await Log.RepairAsync();
        repair.Remaining.Select(f => f.Where).Should().Equal("index es_events_stream");
        repair.Repaired.Select(f => f.Where).Should().Contain(["view events", "trigger es_events_update"]);
    }

    [Test]
    public async Task A_table_of_a_triggers_name_is_never_dropped()
    {
        Sql("DROP INDEX es_events_stream; CREATE TABLE es_events_stream (x); INSERT INTO es_events_stream VALUES (1)");
        (await Log.RepairAsync()).Remaining.Select(f => f.Where).Should().Equal("table es_events_stream");
        Count("es_events_stream").Should().Be(1);
    }

    [Test]
    public async Task Tag_rules_that_are_gone_are_stored_again()
    {
        await StoreRulesAsync(EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("t", e => e.Tag("name", "name"))));
        Sql("DROP TRIGGER es_tag_rules_delete; DELETE FROM es_tag_rules");

        (await Log.VerifyAsync()).Issues.Select(f => f.Where).Should().BeEquivalentTo("es_tag_rules, type 't'", "trigger es_tag_rules_delete");
        (await Log.RepairAsync()).Repaired.Should().HaveCount(2);

        Count("es_tag_rules").Should().Be(1);
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task A_dropped_or_changed_table_that_is_captured_is_no_damage()
    {
        await FillAsync();
        Sql("ALTER TABLE mine ADD COLUMN y");
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
        Sql("DROP TABLE mine");
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task A_capture_that_cannot_be_read_is_named()
    {
        await FillAsync();
        Sql("DROP TRIGGER es_captures_update; UPDATE es_captures SET definition = '{'");
        (await Log.VerifyAsync()).Issues.Should().Contain(f => f.Where == "es_captures, table 'mine'");
        await Log.Invoking(l => l.GetCapturesAsync().AsTask()).Should().ThrowAsync<StoreCorruptException>();

        await Log.CaptureTableAsync("mine");

        (await Log.GetCapturesAsync()).Should().ContainSingle();
        (await Log.RepairAsync()).Remaining.Should().BeEmpty();
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task A_capture_that_cannot_be_read_is_removed()
    {
        await FillAsync();
        Sql("DROP TRIGGER es_captures_update; UPDATE es_captures SET definition = '{}'");
        (await Log.RemoveCaptureAsync("MINE")).Should().BeTrue();
        Count("sqlite_schema WHERE name LIKE 'es_capture_%_mine'").Should().Be(0);
    }

    [Test]
    public async Task A_stored_column_name_that_is_invalid_is_named_and_never_run()
    {
        Sql("DROP TRIGGER es_promoted_insert; INSERT INTO es_promoted (name) VALUES ('x\") FROM es_log; DROP TABLE es_gaps; --')");
        (await Log.VerifyAsync()).Issues.Should().Contain(f => f.Where.StartsWith("es_promoted, 'x", StringComparison.Ordinal));
        await Log.RepairAsync();
        await Log.AddComputedColumnAsync("total");
        Count("es_gaps").Should().Be(0);
    }

    [Test]
    public async Task A_log_opened_for_reading_is_not_repaired()
    {
        await using var reading = SqliteEventLog.Open(Path, new() { ReadOnly = true });
        await FluentActions.Awaiting(() => reading.RepairAsync().AsTask()).Should().ThrowAsync<StoreReadOnlyException>();
    }

    [Test]
    public async Task Settings_changed_while_a_log_is_examined_are_no_damage()
    {
        var examining = Task.Run(async () =>
        {
            for (var i = 0; i < 30; i++) (await Log.VerifyAsync()).Issues.Should().BeEmpty();
        });
        Sql("CREATE TABLE mine (x)");
        for (var i = 0; !examining.IsCompleted && i < 30; i++)
        {
            await Log.AddComputedColumnAsync($"field{i}");
            await Log.CaptureTableAsync("mine");
            await Log.RemoveCaptureAsync("mine");
        }

        await examining;
    }

    private static TestCaseData Loss(string name, string sql, string where) => new TestCaseData(sql, where).SetArgDisplayNames(name);

    private async Task FillAsync()
    {
        Sql("CREATE TABLE mine (x)");
        await Log.CaptureTableAsync("mine");
        await Log.AddComputedColumnAsync("total");
        await Log.AddIndexAsync(EventIndex.Type);
        await AppendAsync("a", Event("t", """{"total":1}"""), Event("t", """{"total":2}"""));
    }

    private List<string> Schema()
    {
        using var connection = Connect();
        return [.. connection.Rows("SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")];
    }
}
