using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class TransactionTests : OpenLogTest
{
    private EventStore _store = null!;

    [SetUp]
    public void Fill()
    {
        _store = new(Log, EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered", e => e.Tag("n", "n"))));
        Sql("CREATE TABLE stock (sku TEXT PRIMARY KEY, n INTEGER); INSERT INTO stock VALUES ('a', 1); "
            + "CREATE TABLE child (sku TEXT REFERENCES stock (sku) DEFERRABLE INITIALLY DEFERRED)");
    }

    [Test]
    public async Task Sql_and_appends_are_committed_together_and_read_at_once()
    {
        var result = await _store.InSqliteTransactionAsync(tx =>
        {
            tx.Connection.Run("UPDATE stock SET n = 2");
            return tx.Append("stock-a", ExpectedVersion.NoStream, [new Numbered(2)]);
        });

        result.Version.Should().Be(1);
        Scalar("SELECT n FROM stock").Should().Be(2L);
        (await AllAsync()).Should().ContainSingle().Which.Tags!.Single().ToString().Should().Be("n:2");
        (await _store.AppendAsync("stock-a", ExpectedVersion.Exactly(1), [new Numbered(3)])).Version.Should().Be(2);
    }

    [Test]
    public async Task When_the_work_throws_nothing_is_kept_and_others_continue()
    {
        var others = Enumerable.Range(0, 50).Select(i => AppendAsync("other-1", Event("a", "{}")).AsTask()).ToList();
        var work = async () => await _store.InSqliteTransactionAsync(tx =>
        {
            tx.Append("stock-a", ExpectedVersion.Any, [new Numbered(1)]);
            tx.Connection.Run("DELETE FROM stock");
            throw new InvalidTimeZoneException();
        });
        await work.Should().ThrowAsync<InvalidTimeZoneException>();
        await Task.WhenAll(others);

        Count("stock").Should().Be(1);
        (await AllAsync()).Should().HaveCount(50).And.OnlyContain(e => e.Type == "a");
    }

    [Test]
    public async Task Appends_are_validated_after_the_statements_before_them()
    {
        await _store.InSqliteTransactionAsync(tx =>
        {
            tx.Append("s-1", ExpectedVersion.NoStream, [new Numbered(1)]);
            tx.Connection.Run("INSERT INTO events (stream, version, eventType, data) VALUES ('s-1', 2, 'numbered', '{\"n\":2}')");
            var stale = () => tx.Append("s-1", ExpectedVersion.Exactly(1), [new Numbered(3)]);
            stale.Should().Throw<WrongExpectedVersionException>();
            var conflict = () => tx.Append(new Append().To("s-1", ExpectedVersion.Any, [new Numbered(3)]).FailIf(EventQuery.All.Tagged("n", "2")));
            conflict.Should().Throw<AppendConditionFailedException>();
            tx.Append("s-1", ExpectedVersion.Exactly(2), [new Numbered(3)]).FirstPosition.ToInt64().Should().Be(3);
            tx.Connection.Run("INSERT INTO events (stream, version, eventType, data) VALUES ('s-1', 4, 'numbered', '{\"n\":4}')");
        });

        (await AllAsync()).Select(e => e.Tags!.Single().Value).Should().Equal("1", "2", "3", "4");
        Count("es_unfinished").Should().Be(0);
    }

    [Test]
    public async Task Captured_tables_are_heard()
    {
        await Log.CaptureTableAsync("stock");
        await _store.InSqliteTransactionAsync(tx => tx.Connection.Run("UPDATE stock SET n = 3"));
        (await AllAsync()).Should().ContainSingle().Which.Type.Should().Be("stock-updated");
    }

    [TestCase("COMMIT")]
    [TestCase("ROLLBACK")]
    [TestCase("END")]
    [TestCase("BEGIN")]
    [TestCase("RELEASE es_item")]
    [TestCase("ROLLBACK TO es_item")]
    [TestCase("PRAGMA synchronous = OFF")]
    [TestCase("DELETE FROM es_events")]
    [TestCase("UPDATE es_records SET revision = 1")]
    public async Task The_work_cannot_end_the_transaction_nor_change_the_log(string sql)
    {
        await AppendAsync("s-1", Event("a", "{}"));
        await _store.AppendAsync(new Append { CommandId = "c" }.To("s-1", ExpectedVersion.Any, [new Numbered(1)]));
        var work = async () => await _store.InSqliteTransactionAsync(tx =>
        {
            tx.Connection.Run("UPDATE stock SET n = 2");
            tx.Connection.Run(sql);
        });

        await work.Should().ThrowAsync<SqliteException>();
        Scalar("SELECT n FROM stock").Should().Be(1L);
        await AppendAsync("s-1", Event("a", "{}"));
        (await AllAsync()).Should().HaveCount(3);
    }

    [Test]
    public async Task Or_rollback_costs_the_item_alone()
    {
        var others = Enumerable.Range(0, 20).Select(_ => AppendAsync("other-1", Event("a", "{}")).AsTask()).ToList();
        var caught = async () => await _store.InSqliteTransactionAsync(tx =>
        {
            tx.Append("s-1", ExpectedVersion.Any, [new Numbered(1)]);
            try
            {
                tx.Connection.Run("INSERT OR ROLLBACK INTO stock VALUES ('a', 2)");
            }
            catch (SqliteException)
            {
                // The work goes on as if nothing had happened.
            }
        });
        var thrown = async () => await _store.InSqliteTransactionAsync(tx => tx.Connection.Run("INSERT OR ROLLBACK INTO stock VALUES ('a', 2)"));
        await caught.Should().ThrowAsync<InvalidOperationException>();
        await thrown.Should().ThrowAsync<SqliteException>();
        await Task.WhenAll(others);
        await AppendAsync("other-1", Event("a", "{}"));
        (await AllAsync()).Should().HaveCount(21).And.OnlyContain(e => e.Type == "a");
    }

    [Test]
    public async Task A_closed_connection_costs_the_item_alone()
    {
        var work = async () => await _store.InSqliteTransactionAsync(tx =>
        {
            tx.Append("s-1", ExpectedVersion.Any, [new Numbered(1)]);
            tx.Connection.Close();
        });
        await work.Should().ThrowAsync<InvalidOperationException>();
        await AppendAsync("other-1", Event("a", "{}"));
        (await AllAsync()).Should().ContainSingle();
    }

    [Test]
    public async Task Deferred_foreign_keys_are_checked_at_the_end_of_the_item()
    {
        var orphan = async () => await _store.InSqliteTransactionAsync(tx => tx.Connection.Run("INSERT INTO child VALUES ('b')"));
        (await orphan.Should().ThrowAsync<SqliteException>()).Which.SqliteExtendedErrorCode.Should().Be(787);
        await _store.InSqliteTransactionAsync(tx => tx.Connection.Run("INSERT INTO child VALUES ('b'); INSERT INTO stock VALUES ('b', 1)"));
        Count("child").Should().Be(1);
    }

    [Test]
    public async Task The_connection_is_not_to_be_kept()
    {
        SqliteStoreTransaction? kept = null;
        await _store.InSqliteTransactionAsync(tx => kept = tx);
        var use = () => kept!.Connection;
        var append = () => kept!.Append("s-1", ExpectedVersion.Any, [new Numbered(1)]);
        use.Should().Throw<InvalidOperationException>();
        append.Should().Throw<InvalidOperationException>();
    }

    [Test]
    public async Task Records_are_written_with_it()
    {
        await _store.InSqliteTransactionAsync(tx => tx.Connection.Run("CREATE TABLE mine (a UNIQUE)"));
        var users = ((IEventLog)Log).Find<IUserTransactions<SqliteLogTransaction>>()!;
        LogWrite At(long revision) => new() { Changes = [RecordChange.Put(RecordKind.Checkpoint, "k", new byte[] { 1 }, revision)] };
        void Insert(SqliteLogTransaction tx) => tx.Connection.Run("INSERT INTO mine VALUES (1)");
        // The change comes last: when it is refused, the row of the user's is taken back.
        (await users.WriteAsync(At(7), Insert, default)).Refusal!.Kind.Should().Be(LogRefusalKind.Change);
        (await users.WriteAsync(At(0), Insert, default)).Refusal.Should().BeNull();
        await users.Awaiting(u => u.WriteAsync(At(1), Insert, default).AsTask()).Should().ThrowAsync<Microsoft.Data.Sqlite.SqliteException>();
        (await Log.ReadRecordsAsync(RecordKind.Checkpoint, "k", "k", 1, default)).Should().ContainSingle().Which.Revision.Should().Be(1);
    }

    [Test]
    public async Task Change_that_is_refused_takes_back_a_work_that_no_savepoint_could_undo()
    {
        var users = ((IEventLog)Log).Find<IUserTransactions<SqliteLogTransaction>>()!;
        var refused = await users.WriteAsync(
            new() { Changes = [RecordChange.Put(RecordKind.Checkpoint, "k", new byte[] { 1 }, 7)] },
            tx => tx.Connection.Run("CREATE TEMP TABLE left_over (a); INSERT INTO left_over VALUES (1)"), default);
        refused.Refusal!.Kind.Should().Be(LogRefusalKind.Change);
        await _store.InSqliteTransactionAsync(tx => tx.Connection.Run("CREATE TEMP TABLE left_over (a)"));
    }

    [Test]
    public async Task Result_that_is_a_task_is_refused_and_nothing_is_kept()
    {
        Func<SqliteLogTransaction, object> work = tx =>
        {
            tx.Append(new() { Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new[] { Event("a", "{}") }) } });
            return Task.Delay(1);
        };
        await Log.Awaiting(l => l.InSqliteTransactionAsync(work).AsTask()).Should().ThrowAsync<ArgumentException>().WithMessage("*task*");
        (await AllAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task Administration_from_inside_is_refused()
    {
        var work = async () => await _store.InSqliteTransactionAsync(_ => Log.AddComputedColumnAsync("a").AsTask().GetAwaiter().GetResult());
        await work.Should().ThrowAsync<InvalidOperationException>();
    }
}
