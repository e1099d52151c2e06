using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>What SQL and code of a handler must not do: refused, and the set is as it was.</summary>
public sealed class OwnTableMisuseTests
{
    private TemporaryFile _file = null!;
    private EventStore _store = null!;

    [SetUp]
    public void Open()
    {
        _file = new();
        _store = SqliteEventStore.Open(_file.Path, ViewShop.Types);
    }

    [TearDown]
    public async Task Close()
    {
        await _store.DisposeAsync();
        _file.Dispose();
    }

    [TestCase("COMMIT", "library begins and ends")]
    [TestCase("ROLLBACK", "library begins and ends")]
    [TestCase("BEGIN", "library begins and ends")]
    [TestCase("RELEASE es_event", "savepoints whose names begin with es_")]
    [TestCase("ROLLBACK TO es_event", "savepoints whose names begin with es_")]
    [TestCase("SAVEPOINT es_mine", "savepoints whose names begin with es_")]
    [TestCase("ATTACH ':memory:' AS other", "no other file")]
    [TestCase("DETACH main", "no other file")]
    [TestCase("PRAGMA writable_schema = ON", "PRAGMA writable_schema")]
    [TestCase("PRAGMA journal_mode = DELETE", "PRAGMA journal_mode")]
    [TestCase("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys")]
    [TestCase("CREATE TABLE more (id)", "CreateSchema only")]
    [TestCase("CREATE INDEX more ON counts (quantity)", "CreateSchema only")]
    [TestCase("CREATE VIRTUAL TABLE more USING fts5(x)", "CreateSchema only")]
    [TestCase("CREATE TRIGGER more AFTER INSERT ON es_view BEGIN SELECT 1; END", "CreateSchema only")]
    [TestCase("DROP TABLE counts", "CreateSchema only")]
    [TestCase("DROP TABLE es_view", "CreateSchema only")]
    [TestCase("ALTER TABLE counts ADD COLUMN more", "CreateSchema only")]
    [TestCase("CREATE TEMP TABLE more (id)", "temporary")]
    [TestCase("CREATE TEMP TRIGGER more AFTER INSERT ON counts BEGIN SELECT 1; END", "temporary")]
    [TestCase("UPDATE es_view SET position = 1000", "names that begin with es_")]
    [TestCase("DELETE FROM es_origin", "names that begin with es_")]
    [TestCase("INSERT INTO es_rows_0 (key, position, json) VALUES ('x', 1, '{}')", "names that begin with es_")]
    [TestCase("INSERT INTO late VALUES ('x')", "belongs to projection 'late'")]
    [TestCase("INSERT INTO early VALUES ('x')", "belongs to projection 'early'")]
    [TestCase("SELECT * FROM late", "handles an event after this one")]
    [TestCase("SELECT * FROM es_rows_0", "documents of the set")]
    [TestCase("SELECT count(*) FROM \"item-counts\"", "documents of the set")]
    [TestCase("UPDATE counts SET quantity = random()", "gives another value at each replay")]
    [TestCase("UPDATE counts SET sku = CURRENT_TIMESTAMP", "gives another value at each replay")]
    [TestCase("ANALYZE", "ANALYZE")]
    [TestCase("REINDEX", "REINDEX")]
    [TestCase("VACUUM", "VACUUM")]
    [TestCase("DELETE FROM sqlite_schema", "may not be modified")]
    public async Task Sql_that_is_not_for_handlers_is_refused(string sql, string reason)
    {
        await ShouldPauseAndRecoverAsync((connection, _, _) => connection.Run(sql), reason);
    }

    [Test]
    public Task Insert_that_rolls_the_transaction_back_leaves_the_events_before_it() =>
        ShouldPauseAndRecoverAsync((connection, _, _) => connection.Run("INSERT OR ROLLBACK INTO counts SELECT * FROM counts"), "UNIQUE constraint");

    [Test]
    public Task Rolled_back_transaction_is_noticed_though_the_handler_catches_the_error() => ShouldPauseAndRecoverAsync((connection, _, _) =>
    {
        try
        {
            connection.Run("INSERT OR ROLLBACK INTO counts SELECT * FROM counts");
        }
        catch (SqliteException)
        {
            connection.Run("DELETE FROM journal");
        }
    }, "transaction");

    [Test]
    public Task Connection_is_not_closed() => ShouldPauseAndRecoverAsync((connection, _, _) => connection.Close(), "neither close nor dispose");

    [Test]
    public Task Connection_is_not_disposed() => ShouldPauseAndRecoverAsync((connection, _, _) =>
    {
        using (connection) connection.Run("DELETE FROM journal");
    }, "neither close nor dispose");

    [Test]
    public Task Connection_is_not_opened_again() => ShouldPauseAndRecoverAsync((connection, _, _) => connection.Open(), "opened by the library");

    [Test]
    public Task Transaction_of_the_connection_is_not_begun() => ShouldPauseAndRecoverAsync((connection, _, _) => connection.BeginTransaction(), "SAVEPOINT");

    [Test]
    public Task Reader_is_disposed_by_the_handler() => ShouldPauseAndRecoverAsync((connection, _, _) =>
    {
        var command = connection.CreateCommand();
        command.CommandText = "SELECT * FROM journal";
        command.ExecuteReader().Read();
    }, "a reader of 'SELECT * FROM journal'");

    [Test]
    public Task Another_thread_does_not_use_the_connection() => ShouldPauseAndRecoverAsync(
        (connection, _, _) =>
        {
            var error = default(Exception);
            var thread = new Thread(() =>
            {
                try
                {
                    connection.Run("DELETE FROM journal");
                }
                catch (SqliteException e)
                {
                    error = e;
                }
            });
            thread.Start();
            thread.Join();
            throw error!;
        }, "outside the work");

    [Test]
    public async Task Savepoint_of_a_handler_may_be_undone_and_left_open()
    {
        await using var views = new EventViews(_store, [new OwnCounts(then: (connection, e, _) =>
        {
            connection.Run("SAVEPOINT mine");
            connection.Run("DELETE FROM counts");
            if (e.Quantity < 3) connection.Run("ROLLBACK TO mine");
        })]);
        await AddAsync(("a", 1), ("b", 2), ("c", 3), ("d", 1));
        await views.CatchUpAsync();
        (await views.ReadAsync("own-counts", "SELECT sku FROM counts")).Should().Equal("d");
        (await views.VerifyAsync("own-counts")).IsEqual.Should().BeTrue();
    }

    [Test]
    public async Task Connection_and_command_that_were_kept_do_nothing_between_two_events()
    {
        SqliteConnection? kept = null;
        SqliteCommand? command = null;
        await using var views = new EventViews(_store, [new OwnCounts(then: (connection, _, _) =>
        {
            kept = connection;
            command = connection.CreateCommand();
            command.CommandText = "DELETE FROM counts";
            command.Prepare();
        })]);
        await views.StartAsync();
        // The first may be handled by the build, whose connection is closed.
        await views.WaitForPositionAsync("own-counts", await AddAsync(("a", 1)));
        await views.WaitForPositionAsync("own-counts", await AddAsync(("a", 1)));
        ((Action)(() => kept!.Run("DELETE FROM counts"))).Should().Throw<SqliteException>();
        ((Action)(() => command!.ExecuteNonQuery())).Should().Throw<SqliteException>();
        ((Action)(() => kept!.Run("BEGIN"))).Should().Throw<SqliteException>();
        ((Action)(() => kept!.Close())).Should().Throw<InvalidOperationException>();
        await views.WaitForPositionAsync("own-counts", await AddAsync(("a", 2)));
        (await views.ReadAsync("own-counts", "SELECT quantity FROM counts")).Should().Equal("4");
        await views.DisposeAsync();
        ((Action)(() => kept!.Run("DELETE FROM counts"))).Should().Throw<InvalidOperationException>();
        ((Action)(() => kept!.Open())).Should().Throw<Exception>();
    }

    [Test]
    public async Task Command_that_is_kept_by_the_projection_works_within_handlers()
    {
        SqliteCommand? command = null;
        await using var views = new EventViews(_store, [new OwnCounts(then: (connection, _, _) =>
        {
            if (command?.Connection != connection)
            {
                command = connection.CreateCommand();
                command.CommandText = "UPDATE counts SET events = events + 10";
            }

            command.ExecuteNonQuery();
        })]);
        await AddAsync(("a", 1), ("a", 1), ("a", 1));
        await views.CatchUpAsync();
        (await views.ReadAsync("own-counts", "SELECT events FROM counts")).Should().Equal("33");
    }

    [Test]
    public void Asynchronous_handler_is_refused()
    {
        var projection = new OwnProjection("own", "", []);
        ((Action)(() => projection.Handle(async (connection, _) => await Task.Yield()))).Should().Throw<ArgumentException>().WithMessage("*asynchronous*");
    }

    // The bad event is the third of five that are appended at once, so that it shares a transaction with those before it.
    private async Task ShouldPauseAndRecoverAsync(Action<SqliteConnection, Added, EventEnvelope> misuse, string reason)
    {
        await using (var views = new EventViews(_store, [Set((connection, e, envelope) =>
        {
            if (e.Quantity == 0) misuse(connection, e, envelope);
        })]))
        {
            await views.StartAsync();
            await views.WaitForPositionAsync("all", await AddAsync(("x", 1)));
            await AddAsync(("a", 2), ("a", 3), ("b", 0), ("a", 5));
            await OwnTableTests.ShouldPauseAsync(views, 4, reason, "all");
            (await views.ReadAsync("all", "SELECT position FROM journal ORDER BY position")).Should().Equal("1", "2", "3");
            (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(5);
        }

        await using var repaired = new EventViews(_store, [Set(null)]);
        await repaired.CatchUpAsync();
        (await repaired.ReadAsync("all", "SELECT sku, quantity FROM counts ORDER BY sku")).Should().Equal("a|10", "b|0", "x|1");
        (await repaired.VerifyAsync("all")).IsEqual.Should().BeTrue();
    }

    private static ViewSet Set(Action<SqliteConnection, Added, EventEnvelope>? then) => new("all", 1, new ItemCounts(),
        new OwnProjection("early", "CREATE TABLE early (id TEXT PRIMARY KEY)", [("early", ["id"])], static (_, _, _) => { }),
        new OwnCounts(then: then),
        new OwnProjection("late", "CREATE TABLE late (id TEXT PRIMARY KEY)", [("late", ["id"])], static (_, _, _) => { }));

    private async Task<GlobalPosition> AddAsync(params (string Sku, int Quantity)[] items) =>
        (await _store.AppendAsync("cart-1", ExpectedVersion.Any, [.. items.Select(item => (object)new Added(item.Sku, item.Quantity))])).LastPosition;
}
