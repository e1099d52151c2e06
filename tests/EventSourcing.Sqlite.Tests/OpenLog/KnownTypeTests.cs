using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class KnownTypeTests : OpenLogTest
{
    private static readonly EventTypeMap s_map = EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered", e => e.Alias("counted")).Add<string>("text"));

    [Test]
    public async Task A_file_knows_the_types_of_every_map_and_their_aliases()
    {
        await StoreRulesAsync(s_map);
        await ReopenAsync();
        await StoreRulesAsync(EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("other")));

        (await Log.GetKnownEventTypesAsync()).Should().Equal("counted", "numbered", "other", "text");
    }

    [Test]
    public async Task Any_type_is_taken_where_nothing_else_was_set()
    {
        _ = new EventStore(Log, s_map);
        (await Log.GetSqlInsertPolicyAsync()).Should().Be(SqlInsertPolicy.AnyType);
        Sql("INSERT INTO events (eventType, data) VALUES ('no-such-type', '{}')");
        (await AllAsync()).Should().ContainSingle();
    }

    [Test]
    public async Task A_type_that_the_file_does_not_know_is_refused_once_that_is_set()
    {
        _ = new EventStore(Log, s_map);
        await Log.SetSqlInsertPolicyAsync(SqlInsertPolicy.KnownTypes);
        await ReopenAsync();

        (await Log.GetSqlInsertPolicyAsync()).Should().Be(SqlInsertPolicy.KnownTypes);
        var insert = () => Sql("INSERT INTO events (eventType, data) VALUES ('no-such-type', '{}')");
        insert.Should().Throw<SqliteException>().WithMessage("*eventType is not known to the file*");
        Shell.Errors(Path, "INSERT INTO events (eventType, data) VALUES ('Numbered', '{}');").Should().Contain("eventType is not known to the file");
        Sql("INSERT INTO events (eventType, data) VALUES ('numbered', '{}'), ('counted', '{}')");
        (await AllAsync()).Should().HaveCount(2);
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();

        await Log.SetSqlInsertPolicyAsync(SqlInsertPolicy.AnyType);
        insert.Should().NotThrow();
    }

    [Test]
    public async Task Captured_tables_and_the_library_s_own_appends_are_not_affected()
    {
        await Log.SetSqlInsertPolicyAsync(SqlInsertPolicy.KnownTypes);
        Sql("CREATE TABLE t (a)");
        await Log.CaptureTableAsync("t");
        Sql("INSERT INTO t VALUES (1)");
        await AppendAsync("s-1", Event("raw", "{}"));

        (await AllAsync()).Select(e => e.Type).Should().Equal("t-inserted", "raw");
    }

    [Test]
    public async Task Stored_events_of_an_unknown_type_are_read_by_an_alias()
    {
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'no-such-type', '{\"n\":7}')");
        await using var store = new EventStore(Log, EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered", e => e.Alias("no-such-type"))));

        var read = new List<object>();
        await foreach (var e in store.ReadStreamAsync("s-1")) read.Add(e.Data);
        read.Should().Equal(new Numbered(7));
    }

    [Test]
    public async Task An_undefined_policy_is_refused()
    {
        var set = () => Log.SetSqlInsertPolicyAsync((SqlInsertPolicy)7).AsTask();
        await set.Should().ThrowAsync<ArgumentOutOfRangeException>();
    }
}
