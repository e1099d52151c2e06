using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class AppendOnlyTests : OpenLogTest
{
    private static readonly string[] s_history = ["es_log", "es_streams", "es_types", "es_tags", "es_events", "es_ids", "es_event_tags", "es_tag_rules"];

    [SetUp]
    public async Task Fill()
    {
        Log.UseTagRules(EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("tagged", e => e.Tag("n", "n"))).Types);
        await AppendAsync("s-1", Event("a", "{}", Guid.NewGuid(), new Tag("n", "1")), Event("tagged", "{}"));
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'tagged', '{\"n\":2}')");
        await AllAsync();
    }

    [Test]
    public void Every_table_of_the_log_has_guards()
    {
        using var connection = Connect();
        var guarded = connection.Rows("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' GROUP BY tbl_name HAVING count(*) = 3");
        connection.Rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('es_inbox', 'es_draft')").Should().BeSubsetOf(guarded);
    }

    [Test]
    public void Nothing_but_an_insert_into_the_view_changes_the_log()
    {
        var before = Dump();
        foreach (var table in s_history)
        {
            Count(table).Should().BePositive($"{table} is to be tried");
            using var connection = Connect();
            var columns = connection.Rows($"SELECT '\"' || name || '\"' FROM pragma_table_info('{table}')");
            var keys = connection.Rows($"SELECT '\"' || name || '\"' FROM pragma_table_info('{table}') WHERE pk > 0");
            var statements = new List<string> { $"DELETE FROM {table}", $"DELETE FROM {table} WHERE {columns[0]} = (SELECT {columns[0]} FROM {table} LIMIT 1)" };
            statements.AddRange(columns.Select(c => $"UPDATE {table} SET {c} = {c}"));
            statements.AddRange(columns.Select(c => $"UPDATE OR REPLACE {table} SET {c} = {c}"));
            statements.AddRange(columns.Select(c => $"UPDATE OR IGNORE {table} SET {c} = {c}"));
            foreach (var verb in new[] { "INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "INSERT OR ROLLBACK", "REPLACE" })
                statements.Add($"{verb} INTO {table} SELECT * FROM {table}");
            statements.Add($"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO NOTHING");
            statements.Add($"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT ({string.Join(", ", keys)}) DO UPDATE SET {columns[^1]} = {columns[^1]}");
            foreach (var statement in statements)
            {
                var run = () => Sql(statement);
                run.Should().Throw<Microsoft.Data.Sqlite.SqliteException>(statement).WithMessage("*events are append-only*", statement);
            }

            Shell.Errors(Path, string.Join(";\n", statements) + ";").Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(statements.Count)
                .And.OnlyContain(line => line.Contains("events are append-only", StringComparison.Ordinal));
        }

        Dump().Should().Be(before);
    }

    [TestCase("UPDATE events SET data = '{}'")]
    [TestCase("UPDATE events SET version = version + 1 WHERE position = 1")]
    [TestCase("DELETE FROM events")]
    [TestCase("INSERT INTO events (eventType, data) VALUES ('a', '{}') ON CONFLICT DO NOTHING")]
    [TestCase("INSERT INTO es_events (position, stream, version, type, time, id, data) VALUES (4, 1, 4, 1, 1, x'00', '{}')")]
    [TestCase("INSERT INTO es_streams (name) VALUES ('new')")]
    [TestCase("INSERT INTO es_types (name) VALUES ('new')")]
    [TestCase("INSERT INTO es_tags (name) VALUES ('new:1')")]
    [TestCase("INSERT INTO es_ids (id, position) VALUES (x'00', 1)")]
    [TestCase("INSERT INTO es_event_tags (tag, position) VALUES (1, 2)")]
    [TestCase("INSERT INTO es_unfinished (position) VALUES (1)")]
    [TestCase("INSERT INTO es_gaps (first, last, time, reason) VALUES (1, 1, 1, '')")]
    [TestCase("INSERT INTO es_tag_rules (type, tag, property) VALUES ('a', 'a', 'a')")]
    [TestCase("INSERT INTO es_records (kind, key, revision, checksum, value) VALUES (1, 'a', 1, 1, x'')")]
    [TestCase("INSERT INTO es_promoted (name) VALUES ('a')")]
    [TestCase("INSERT INTO es_captures (name, definition) VALUES ('a', '{}')")]
    [TestCase("INSERT INTO es_inbox (one, origin) VALUES (1, 'me')")]
    [TestCase("INSERT INTO es_inbox (one, origin) VALUES (1, 'events')")]
    [TestCase("INSERT INTO es_inbox (origin) VALUES ('capture')")]
    [TestCase("INSERT OR IGNORE INTO es_inbox (origin) VALUES ('events')")]
    [TestCase("INSERT OR FAIL INTO es_inbox (origin, eventType, data) VALUES ('events', 'a', '{')")]
    [TestCase("INSERT INTO es_draft (position, stream) VALUES (1, 'a')")]
    [TestCase("INSERT INTO es_known_types (name) VALUES ('a')")]
    [TestCase("INSERT INTO es_content_types (name) VALUES ('a')")]
    public void Other_ways_are_refused(string sql)
    {
        var before = Dump();
        var run = () => Sql(sql);
        run.Should().Throw<Microsoft.Data.Sqlite.SqliteException>();
        Shell.Errors(Path, sql + ";").Should().NotBeEmpty();
        Dump().Should().Be(before);
    }

    [Test]
    public async Task A_row_of_the_inbox_by_hand_leaves_no_guard_open([Values("events", "capture")] string origin, [Values] bool inTransaction)
    {
        using (var connection = Connect())
        {
            if (inTransaction) connection.Run("BEGIN");
            connection.Run($"INSERT INTO es_inbox (origin, stream, eventType, data) VALUES ('{origin}', 's-1', 'a', '{{}}')");
            foreach (var sql in new[] { "INSERT INTO es_streams (name) VALUES ('x')", "INSERT INTO es_types (name) VALUES ('x')", "INSERT INTO es_ids (id, position) VALUES (x'00', 1)",
                "INSERT INTO es_events (position, stream, version, type, time, id, data) VALUES (5, 1, 9, 1, 1, x'00', '{}')", "INSERT INTO es_unfinished (position) VALUES (9)" })
                connection.Invoking(c => c.Run(sql)).Should().Throw<Microsoft.Data.Sqlite.SqliteException>().WithMessage("*events are append-only*");
            if (inTransaction) connection.Run("COMMIT");
        }

        (Count("es_inbox"), Count("es_draft")).Should().Be((0, 0));
        (await AllAsync()).Should().HaveCount(4);
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task A_row_of_the_inbox_in_a_user_s_transaction_leaves_no_guard_open()
    {
        await Log.InSqliteTransactionAsync(transaction =>
        {
            transaction.Connection.Run("INSERT INTO es_inbox (origin, stream, eventType, data) VALUES ('events', 's-1', 'a', '{}')");
            return transaction.Connection.Invoking(c => c.Run("INSERT INTO es_streams (name) VALUES ('x')")).Should().Throw<Microsoft.Data.Sqlite.SqliteException>().Which.Message;
        });

        (Count("es_inbox"), (await AllAsync()).Count).Should().Be((0, 4));
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [TestCase("INSERT OR REPLACE")]
    [TestCase("INSERT OR IGNORE")]
    [TestCase("REPLACE")]
    public void On_the_view_with_a_new_id_they_are_plain_appends(string verb)
    {
        Sql($"{verb} INTO events (stream, eventId, eventType, data) VALUES ('s-1', '{Guid.NewGuid()}', 'a', '{{}}')");
        Count("events").Should().Be(4);
    }
}
