using EventSourcing.Sqlite.Tests.OpenLog;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

public class FactTests : OpenLogTest
{
    [TestCase("UPDATE es_log SET value = value + 1 WHERE name = 'id_key'")]
    [TestCase("UPDATE es_log SET value = value + 1 WHERE name = 'generation'")]
    [TestCase("UPDATE es_log SET value = 1 WHERE name = 'event_bytes'")]
    [TestCase("UPDATE es_log SET value = CAST(value AS TEXT) WHERE name = 'generation'")]
    [TestCase("DELETE FROM es_log WHERE name = 'generation'")]
    [TestCase("DELETE FROM es_log WHERE name = 'checksum'")]
    [TestCase("UPDATE es_log SET value = 'x' WHERE name = 'checksum'")]
    [TestCase("INSERT INTO es_log (name, value) VALUES ('known_types_only', 1)")]
    [TestCase("UPDATE es_log SET value = 1 WHERE name = 'schema'")]
    public async Task A_damaged_fact_is_found_when_the_log_is_opened_and_verified(string damage)
    {
        await AppendAsync("s-1", Event("a", "{}"));
        await Log.DisposeAsync();
        using (var connection = Connect())
        {
            // SQLITE_DBCONFIG_ENABLE_TRIGGER: the guards stay as they are.
            SQLitePCL.raw.sqlite3_db_config(connection.Handle!, 1003, 0, out _);
            connection.Run(damage);
        }

        foreach (var readOnly in new[] { false, true })
            FluentActions.Invoking(() => SqliteEventLog.Open(Path, new() { ReadOnly = readOnly })).Should().Throw<StoreCorruptException>().WithMessage("*es_log*");
        (await SqliteEventLog.VerifyAsync(Path)).Issues.Should().Contain(f => f.Where.StartsWith("es_log", StringComparison.Ordinal));
    }

    [Test]
    public async Task Facts_that_the_library_changes_are_believed()
    {
        await AppendAsync("s-1", Event("a", "{}"));
        await Log.EraseAsync("s-1", 1, "test");
        await Log.SetSqlInsertPolicyAsync(SqlInsertPolicy.KnownTypes);
        await Log.DisposeAsync();
        await using var log = SqliteEventLog.Open(Path, new() { Limits = new() { MaxEventBytes = 4096 } });

        (await log.VerifyAsync()).Issues.Should().BeEmpty();
    }
}
