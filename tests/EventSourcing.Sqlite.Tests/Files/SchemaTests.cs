using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Sqlite.Versioning;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Files;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SchemaTests : IDisposable
{
    private static readonly Dictionary<string, string> s_endlessViews = new()
    {
        ["es_log"] = "i AS name, i AS value",
        ["es_streams"] = "i AS id, i AS name, i AS floor, i AS checksum",
        ["es_types"] = "i AS id, i AS name, i AS checksum",
        ["es_tags"] = "i AS id, i AS name, i AS checksum",
        ["es_events"] = "i AS position, i AS stream, i AS version, i AS type, i AS time, i AS occurred, i AS id, i AS correlation, i AS causation, i AS tags, i AS checksum, i AS metadata, i AS data",
        ["es_ids"] = "i AS id, i AS position, i AS version, i AS content",
        ["es_event_tags"] = "i AS tag, i AS position, i AS type",
        ["es_unfinished"] = "i AS position",
        ["es_gaps"] = "i AS first, i AS last, i AS time, i AS reason",
        ["es_tag_rules"] = "i AS type, i AS tag, i AS property",
        ["es_records"] = "i AS kind, i AS key, i AS revision, i AS checksum, i AS value",
        ["es_promoted"] = "i AS id, i AS name",
        ["es_captures"] = "i AS name, i AS definition",
        ["es_inbox"] = "i AS one, i AS origin",
    };

    private readonly TemporaryFile _file = new();

    private string Path => _file.Path;

    private static IEnumerable<string> Tables => s_endlessViews.Keys;

    public void Dispose() => _file.Dispose();

    [TestCaseSource(nameof(Tables))]
    [CancelAfter(60_000)]
    public async Task A_view_without_end_in_place_of_a_table_is_refused_before_it_is_read(string table)
    {
        await CreateAsync();
        Sql($"DROP TABLE {table}; CREATE VIEW {table} AS {Endless(table)}");
        foreach (var readOnly in new[] { false, true })
        {
            var opening = Task.Run(() => SqliteEventLog.Open(Path, new() { ReadOnly = readOnly }));
            (await opening.Awaiting(o => o.WaitAsync(TimeSpan.FromSeconds(20))).Should().ThrowAsync<StoreSchemaException>()).WithMessage(table == "es_log" ? "*" : $"*'{table}'*");
        }
    }

    [TestCaseSource(nameof(Tables))]
    [CancelAfter(60_000)]
    public async Task A_view_without_end_in_place_of_a_table_holds_up_neither_verification_nor_repair(string table)
    {
        await CreateAsync();
        Sql($"DROP TABLE {table}; CREATE VIEW {table} AS {Endless(table)}");
        var verifying = Task.Run(async () => await SqliteEventLog.VerifyAsync(Path));
        (await verifying.WaitAsync(TimeSpan.FromSeconds(20))).IsIntact.Should().BeFalse();
        var repairing = Task.Run(async () => await SqliteEventLog.RepairAsync(Path));
        // Of a file without facts nothing can be said; all else is a repair that leaves the view.
        await repairing.Awaiting(r => r.WaitAsync(TimeSpan.FromSeconds(20))).Should().NotThrowAsync<TimeoutException>();
    }

    [TestCase("'x'", "missing or no number")]
    [TestCase("'12'", "missing or no number")]
    [TestCase("x'0102'", "missing or no number")]
    [TestCase("1.5", "missing or no number")]
    [TestCase("-5", "out of its range")]
    [TestCase("4611686018427387904", "out of its range")]
    [TestCase(null, "missing or no number")]
    public async Task A_fact_that_events_are_found_by_is_not_believed_when_it_cannot_be(string? value, string what)
    {
        await CreateAsync();
        using (var connection = new SqliteConnection($"Data Source={Path};Pooling=false"))
        {
            connection.Open();
            // SQLITE_DBCONFIG_ENABLE_TRIGGER: the guards stay as they are.
            SQLitePCL.raw.sqlite3_db_config(connection.Handle!, 1003, 0, out _);
            connection.Run(value is null ? "DELETE FROM es_log WHERE name = 'id_key'" : $"UPDATE es_log SET value = {value} WHERE name = 'id_key'");
        }

        foreach (var readOnly in new[] { false, true })
            FluentActions.Invoking(() => SqliteEventLog.Open(Path, new() { ReadOnly = readOnly })).Should().Throw<StoreCorruptException>().WithMessage($"*id_key*{what}*");
    }

    [TestCase("CREATE INDEX slow ON es_events (length(hex(zeroblob(data))))", "index 'slow'")]
    [TestCase("CREATE INDEX own ON es_records (value)", "index 'own'")]
    [TestCase("CREATE TRIGGER own AFTER INSERT ON es_events BEGIN SELECT 1; END", "trigger 'own'")]
    [TestCase("CREATE TRIGGER own INSTEAD OF INSERT ON events BEGIN SELECT 1; END", "trigger 'own'")]
    [TestCase("DROP TRIGGER es_events_insert; CREATE TRIGGER es_events_insert BEFORE INSERT ON es_events BEGIN SELECT 1; END", "trigger 'es_events_insert'")]
    [TestCase("CREATE INDEX es_events_type ON es_events (abs(type))", "index 'es_events_type'")]
    [TestCase("CREATE INDEX ES_EVENTS_CORRELATION ON es_events (correlation)", "index 'ES_EVENTS_CORRELATION'")]
    [TestCase("CREATE INDEX es_promoted_x ON es_events (data)", "index 'es_promoted_x'")]
    [TestCase("DROP INDEX es_events_stream", "index 'es_events_stream' is missing")]
    [TestCase("DROP INDEX es_events_stream; CREATE INDEX es_events_stream ON es_events (stream, version)", "index 'es_events_stream'")]
    [TestCase("DROP VIEW events; CREATE VIEW events AS SELECT *, 1 AS es_events FROM es_events", "view 'events'")]
    [TestCase("ALTER TABLE es_streams ADD COLUMN more AS (hex(zeroblob(100)))", "table 'es_streams'")]
    [TestCase("ALTER TABLE es_ids RENAME TO ids", "does not have the log's schema")]
    [TestCase("CREATE INDEX hidden ON es_events (abs(type)); PRAGMA writable_schema = ON; UPDATE sqlite_master SET name = 'zzz', tbl_name = 'zzz' WHERE name = 'hidden'", "malformed")]
    public async Task An_object_that_is_not_the_schemas_is_named(string change, string named)
    {
        await CreateAsync();
        Sql(change);
        foreach (var readOnly in new[] { false, true })
            FluentActions.Invoking(() => SqliteEventLog.Open(Path, new() { ReadOnly = readOnly })).Should().Throw<EventSourcingException>().WithMessage($"*{named}*");
    }

    [TestCase("DROP VIEW events")]
    [TestCase("DROP TRIGGER es_events_delete")]
    [TestCase("CREATE VIEW mine AS SELECT * FROM es_events; CREATE TABLE es_mine (a); CREATE INDEX es_mine_a ON es_mine (a); CREATE TABLE events_mine (a)")]
    [TestCase("ANALYZE")]
    [TestCase("VACUUM")]
    [TestCase("CREATE TABLE stock (sku); ALTER TABLE stock RENAME TO goods; ALTER TABLE goods RENAME COLUMN sku TO id")]
    public async Task What_does_not_stand_in_the_way_does_not_keep_a_log_closed(string change)
    {
        await CreateAsync();
        Sql(change);
        await using var log = SqliteEventLog.Open(Path, new() { Limits = new() { MaxEventBytes = 5000 } });
        await AppendAsync(log);
    }

    [Test]
    public async Task A_log_with_everything_that_it_can_have_is_intact()
    {
        Sql("CREATE TABLE stock (sku TEXT, n)");
        await using (var log = SqliteEventLog.Open(Path, new() { AddToExistingDatabase = true }))
        {
            await log.AddComputedColumnAsync("order id");
            await log.AddComputedColumnAsync("on-ON (".Replace("(", ":", StringComparison.Ordinal));
            foreach (var index in Enum.GetValues<EventIndex>()) await log.AddIndexAsync(index);
            await log.CaptureTableAsync("stock");
            await AppendAsync(log);
        }

        Sql("ALTER TABLE stock RENAME TO goods");
        var inventory = Inventory();
        inventory.Missing.Should().BeEmpty();
        inventory.Altered.Should().BeEmpty();
        inventory.Foreign.Should().BeEmpty();
        await using var again = SqliteEventLog.Open(Path);
        await AppendAsync(again);
    }

    [Test]
    public async Task An_inventory_lists_missing_objects_with_the_text_that_creates_them()
    {
        await CreateAsync();
        Sql("DROP VIEW events; DROP TRIGGER es_events_update");
        var missing = Inventory().Missing;
        missing.Select(o => o.Name).Should().Contain(["events", "es_events_update"]).And.NotContain("es_events");
        foreach (var o in missing) Sql(o.Sql);
        Inventory().Missing.Should().BeEmpty();
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s', 't', '{}')");
    }

    [Test]
    public async Task A_restored_dump_opens()
    {
        await using (var log = SqliteEventLog.Open(Path))
        {
            await log.AddComputedColumnAsync("id");
            await AppendAsync(log);
        }

        var restored = System.IO.Path.Combine(_file.Folder, "restored.db");
        Shell.Run(restored, Shell.Run(Path, ".dump"));
        await using var again = SqliteEventLog.Open(restored);
        await AppendAsync(again);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_schema_that_is_changed_under_an_open_log_is_noticed_before_it_is_used()
    {
        await using var log = SqliteEventLog.Open(Path);
        await AppendAsync(log);
        Sql($"DROP TABLE es_gaps; CREATE VIEW es_gaps AS {Endless("es_gaps")}");
        var appending = Task.Run(() => AppendAsync(log));
        await appending.Awaiting(a => a.WaitAsync(TimeSpan.FromSeconds(20))).Should().ThrowAsync<StoreSchemaException>().WithMessage("*'es_gaps'*");
        var reading = Task.Run(async () => (await log.ReadAsync(new AllRead(), default)).Dispose());
        await reading.Awaiting(a => a.WaitAsync(TimeSpan.FromSeconds(20))).Should().ThrowAsync<StoreSchemaException>().WithMessage("*'es_gaps'*");
    }

    [TestCase("CREATE TABLE es_streams (a)", "table 'es_streams'")]
    [TestCase("CREATE TABLE ES_Records (a)", "table 'ES_Records'")]
    [TestCase("CREATE TABLE t (a); CREATE INDEX es_events_stream ON t (a)", "index 'es_events_stream'")]
    [TestCase("CREATE TABLE t (a); CREATE INDEX es_events_type ON t (a)", "index 'es_events_type'")]
    [TestCase("CREATE TABLE t (a); CREATE TRIGGER es_log_insert AFTER INSERT ON t BEGIN SELECT 1; END", "trigger 'es_log_insert'")]
    [TestCase("CREATE TABLE t (a); CREATE TRIGGER events_insert AFTER INSERT ON t BEGIN SELECT 1; END", "trigger 'events_insert'")]
    [TestCase("CREATE VIEW es_log AS SELECT 1 AS name", "view 'es_log'")]
    [TestCase("CREATE TABLE events (a)", "table called 'events'")]
    [TestCase("PRAGMA encoding = 'UTF-16'; CREATE TABLE t (a)", "UTF-16")]
    public void A_database_where_a_log_has_no_room_stays_byte_for_byte_as_it_was(string made, string named)
    {
        Sql(made);
        var before = File.ReadAllBytes(Path);

        FluentActions.Invoking(() => SqliteEventLog.Open(Path, new() { AddToExistingDatabase = true })).Should().Throw<StoreSchemaException>().WithMessage($"*{named}*Nothing was changed*");

        File.ReadAllBytes(Path).Should().Equal(before);
        Scalar("PRAGMA journal_mode").Should().Be("delete");
    }

    [Test]
    public void A_database_of_something_else_is_told_how_to_get_a_log()
    {
        Sql("CREATE TABLE t (a)");
        FluentActions.Invoking(() => SqliteEventLog.Open(Path)).Should().Throw<StoreSchemaException>().WithMessage("*holds no event log*AddToExistingDatabase = true*");
    }

    private static string Endless(string table) => $"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT {s_endlessViews[table]} FROM c WHERE i < 0";

    private SchemaInventory Inventory()
    {
        using var database = Database.Reader(Path, readOnly: true);
        return SchemaInventory.Of(database);
    }

    private async Task CreateAsync()
    {
        await using var log = SqliteEventLog.Open(Path);
        await AppendAsync(log);
    }

    private static async Task AppendAsync(SqliteEventLog log) =>
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        return connection;
    }

    private void Sql(string sql)
    {
        using var connection = Connect();
        connection.Run(sql);
    }

    private string Scalar(string sql)
    {
        using var connection = Connect();
        return connection.Rows(sql).Single();
    }
}
