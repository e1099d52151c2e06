using EventSourcing.Sqlite.Native;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

/// <summary>The verification of logs to which SQL has appended: positions 1 and 3 are the library's, 2, 4 and 5 are SQL's.</summary>
public class SqlVerificationTests : OpenLogTest
{
    private const string Id = "b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55";

    [SetUp]
    public async Task Fill()
    {
        Log.UseTagRules(EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered", e => e.Tag("n", "n"))).Types);
        await AppendAsync("s-1", Event("a", "{}", Guid.NewGuid(), new Tag("n", "1")));
        Sql("""INSERT INTO events (stream, eventType, data) VALUES ('s-2', 'numbered', '{"n":2}')""");
        await AppendAsync("s-1", Event("a", "{}"));
        Sql("""INSERT INTO events (stream, eventId, eventType, data) VALUES ('s-2', $id, 'numbered', '{"n":4}'), ('s-3', NULL, 'other', '{}')""", ("$id", Id));
    }

    [Test]
    public async Task What_sql_appended_is_intact_before_and_after_it_is_finalized()
    {
        var before = await Log.VerifyAsync();
        await AllAsync();
        var after = await Log.VerifyAsync();

        before.Issues.Should().BeEmpty();
        (before.Unsealed, before.Events).Should().Be((2L, 5L));
        after.Issues.Should().BeEmpty();
        (after.Unsealed, after.Events, after.TagEntries).Should().Be((0L, 5L, 3L));
    }

    [TestCase("UPDATE es_events SET data = '{}' WHERE position = 4", "checksum does not fit", "position 4")]
    [TestCase("UPDATE es_events SET occurred = 1 WHERE position = 2", "checksum does not fit", "position 2")]
    [TestCase("UPDATE es_events SET metadata = '{\"actor\":\"eve\"}' WHERE position = 5", "checksum does not fit", "position 5")]
    [TestCase("UPDATE es_events SET checksum = NULL WHERE position = 4", "has no checksum", "position 4")]
    [TestCase("UPDATE es_events SET tags = NULL WHERE position = 4", "checksum does not fit", "position 4")]
    [TestCase("UPDATE es_streams SET name = 's-9' WHERE name = 's-3'", "the name is not what was stored", "es_streams, id 3")]
    [TestCase("DELETE FROM es_event_tags WHERE position = 2", "is not in the tag index", "position 2")]
    [TestCase("DELETE FROM es_ids WHERE position = 4", "its id is not in the id index", "position 4")]
    [TestCase("DELETE FROM es_events WHERE position = 2", "the event is missing", "position 2")]
    public async Task Damage_to_what_is_finalized_is_named(string damage, string what, string where)
    {
        await AllAsync();
        Damage(damage);
        (await Log.VerifyAsync()).Issues.Should().Contain(f => f.What.Contains(what, StringComparison.Ordinal) && f.Where == where);
    }

    [TestCase("DELETE FROM es_unfinished WHERE position = 4", "has no checksum", "position 4")]
    [TestCase("DELETE FROM es_events WHERE position = 4", "no event to be finalized", "es_unfinished, position 4")]
    [TestCase("DELETE FROM es_events WHERE position = 4", "the event is missing", "position 4")]
    public async Task Damage_to_what_is_not_finalized_yet_is_named(string damage, string what, string where)
    {
        Damage(damage);
        (await Log.VerifyAsync()).Issues.Should().Contain(f => f.What.Contains(what, StringComparison.Ordinal) && f.Where == where);
    }

    [Test]
    public async Task An_event_that_lost_its_entry_to_be_finalized_is_refused_by_readers()
    {
        Damage("DELETE FROM es_unfinished");
        var read = async () => await AllAsync();
        (await read.Should().ThrowAsync<StoreCorruptException>()).Which.Where.Should().Be("position 4");
    }

    // The log's own guards stop accidents only: off with them, so that there is damage to find.
    private void Damage(string sql)
    {
        using var connection = Connect();
        _ = SQLitePCL.raw.sqlite3_db_config(connection.Handle, NativeMethods.ConfigEnableTrigger, 0, out _);
        connection.Run(sql);
    }
}
