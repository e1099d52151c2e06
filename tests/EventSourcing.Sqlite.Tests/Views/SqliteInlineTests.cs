using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>Inline views in the log's file: beside SQL, users' transactions, other stores on the file, backups and tools.</summary>
public sealed class SqliteInlineTests
{
    private TemporaryFile _file = null!;
    private EventStore _store = null!;
    private SqliteEventLog _log = null!;

    [SetUp]
    public void SetUp()
    {
        _file = new();
        _log = SqliteEventLog.Open(_file.Path);
        _store = new(_log, ViewShop.Types);
    }

    [TearDown]
    public async Task TearDown()
    {
        await _store.DisposeAsync();
        _file.Dispose();
    }

    [Test]
    public async Task Events_that_other_programs_insert_are_handled_before_the_next_append()
    {
        await using var views = await StartAsync();
        await AddAsync(1);
        Insert("cart-2", 10);
        Insert("cart-2", 20);
        await AddAsync(2);
        (await CountAsync(views)).Should().Be(33);
        Insert("cart-2", 30);
        (await views.View<Counted>().At(await _store.GetHeadAsync()).FindAsync("a"))!.Count.Should().Be(63);
    }

    [Test]
    public async Task Event_of_another_program_that_cannot_be_read_pauses_the_view_and_stops_no_append()
    {
        await using var views = await StartAsync();
        Run("INSERT INTO events (stream, eventType, data) VALUES ('cart-2', 'added', '{\"Sku\": 5}')");
        await AddAsync(1);
        var status = (await views.GetStatusAsync())[0];
        (status.State, status.Lag).Should().Be((SubscriptionState.Paused, 2));
        (await _store.GetStreamInfoAsync("cart-1")).Version.Should().Be(1);
    }

    [Test]
    public async Task Appends_of_a_users_transaction_are_in_the_view_within_it()
    {
        await using var views = await StartAsync();
        Run("CREATE TABLE mine (n INTEGER)");
        await _log.InSqliteTransactionAsync(tx =>
        {
            Scalar(tx.Connection, "INSERT INTO mine VALUES (1)");
            tx.Append(Encoded(4));
            Scalar(tx.Connection, "SELECT json FROM \"item-counts.v1\" WHERE key = 'a'").Should().Be("{\"Count\":4}");
            Scalar(tx.Connection, "INSERT INTO events (stream, eventType, data) VALUES ('cart-9', 'added', '{\"Sku\":\"a\",\"Quantity\":5}')");
            tx.Append(Encoded(6));
            return 0;
        });
        (await CountAsync(views)).Should().Be(15);
        (await views.VerifyAsync("item-counts")).Difference.Should().BeNull();
    }

    [Test]
    public async Task Append_that_a_view_refuses_within_a_users_transaction_leaves_the_rest_of_it()
    {
        await using var views = await StartAsync(failsAtZero: true);
        Run("CREATE TABLE mine (n INTEGER)");
        await _log.InSqliteTransactionAsync(tx =>
        {
            tx.Append(Encoded(1));
            ((Action)(() => tx.Append(Encoded(0)))).Should().Throw<ViewException>();
            Scalar(tx.Connection, "INSERT INTO mine VALUES (1)");
            tx.Append(Encoded(2));
            return 0;
        });
        (await CountAsync(views)).Should().Be(3);
        (await _store.GetHeadAsync()).ToInt64().Should().Be(2);
        Run("SELECT n FROM mine").Should().Be(1L);
    }

    [Test]
    public async Task Append_that_is_rolled_back_to_a_savepoint_is_not_in_the_view()
    {
        await using var views = await StartAsync();
        await _log.InSqliteTransactionAsync(tx =>
        {
            tx.Append(Encoded(1));
            Scalar(tx.Connection, "SAVEPOINT mine");
            tx.Append(Encoded(50));
            Scalar(tx.Connection, "ROLLBACK TO mine");
            tx.Append(Encoded(2));
            return 0;
        });
        (await CountAsync(views)).Should().Be(3);
        (await views.VerifyAsync("item-counts")).Difference.Should().BeNull();
    }

    [Test]
    public async Task Tables_of_the_view_are_protected_from_users_transactions()
    {
        await using var views = await StartAsync();
        await AddAsync(1);
        var table = (string)Run("SELECT name FROM sqlite_schema WHERE name LIKE 'es_inline.%.0'")!;
        var act = async () => await _log.InSqliteTransactionAsync(tx => Scalar(tx.Connection, $"DELETE FROM \"{table}\""));
        await act.Should().ThrowAsync<SqliteException>();
        (await CountAsync(views)).Should().Be(1);
    }

    [Test]
    public async Task View_is_a_sql_view_of_the_log_and_follows_a_rebuild()
    {
        await using var views = await StartAsync();
        await AddAsync(3);
        Run("SELECT json FROM \"item-counts.v1\" WHERE key = 'a'").Should().Be("{\"Count\":3}");
        await views.RebuildAsync("item-counts");
        await AddAsync(4);
        Run("SELECT json FROM \"item-counts.v1\" WHERE key = 'a'").Should().Be("{\"Count\":7}");
        await views.DisposeAsync();
        await using var other = new EventViews(_store, []);
        await other.RemoveAsync("item-counts", 1);
        Run("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'es_inline%' OR name LIKE 'item-counts%'").Should().Be(0L);
        (await _log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task Name_that_is_taken_is_refused()
    {
        Run("CREATE TABLE \"item-counts.v1\" (n INTEGER)");
        await using var views = New();
        var act = () => views.StartAsync();
        await act.Should().ThrowAsync<StoreConfigurationException>().WithMessage("*'item-counts.v1'*Rename*");
        await AddAsync(1);
    }

    [Test]
    public async Task File_with_views_is_a_sound_log()
    {
        await using var views = await StartAsync();
        await AddAsync(1);
        (await _log.VerifyAsync()).Issues.Should().BeEmpty();
        await views.DisposeAsync();
        await using (var again = SqliteEventLog.Open(_file.Path)) (await again.VerifyAsync()).Issues.Should().BeEmpty();
        await _log.BackupAsync(_file.Path + "-copy");
        await using var copy = SqliteEventStore.Open(_file.Path + "-copy", ViewShop.Types);
        await using var read = New(copy);
        (await read.View<Counted>().FindAsync("a"))!.Count.Should().Be(1);
        await read.StartAsync();
        await copy.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 5)]);
        (await read.View<Counted>().FindAsync("a"))!.Count.Should().Be(6);
    }

    [Test]
    public async Task View_of_a_log_that_is_opened_for_reading_only_is_read()
    {
        await using var views = await StartAsync();
        await AddAsync(2);
        await using var readOnly = SqliteEventStore.Open(_file.Path, ViewShop.Types, new() { ReadOnly = true });
        await using var read = New(readOnly);
        (await read.View<Counted>().FindAsync("a"))!.Count.Should().Be(2);
        await ((Func<Task>)(() => read.StartAsync())).Should().ThrowAsync<StoreReadOnlyException>();
    }

    [Test]
    public async Task Table_that_another_program_has_dropped_pauses_or_rebuilds_the_view_and_stops_no_append()
    {
        await using var bus = new EventBus(_store, new() { LeaseTimeout = TimeSpan.FromMilliseconds(300) });
        await using var views = new EventViews(bus, [new ViewSet(new ItemCounts()) { Mode = ViewMode.Inline }]);
        await views.StartAsync();
        await AddAsync(2);
        Run("DROP TABLE \"es_inline.item-counts.v1.b1.0\"");
        await AddAsync(3);
        (await views.GetStatusAsync())[0].Stall.Should().NotBeNull();
        await views.RebuildAsync("item-counts");
        await AddAsync(4);
        (await CountAsync(views)).Should().Be(9);
        (await views.GetStatusAsync())[0].Stall.Should().BeNull();
    }

    [Test]
    public async Task Facts_that_another_program_has_dropped_are_built_again()
    {
        await using var bus = new EventBus(_store, new() { LeaseTimeout = TimeSpan.FromMilliseconds(300) });
        await using var views = new EventViews(bus, [new ViewSet(new ItemCounts()) { Mode = ViewMode.Inline }]);
        await views.StartAsync();
        await AddAsync(2);
        Run("DROP VIEW \"item-counts.v1\"");
        Run("DROP TABLE \"es_inline.item-counts.v1.b1\"");
        await AddAsync(3);
        (await views.View<Counted>().At(await _store.GetHeadAsync()).FindAsync("a").AsTask().WaitAsync(TimeSpan.FromSeconds(20)))!.Count.Should().Be(5);
    }

    [Test, CancelAfter(120_000)]
    public async Task Four_writers_of_which_two_do_not_know_the_view(CancellationToken cancellationToken)
    {
        const int Appends = 300;
        await using var views = await StartAsync();
        await using var second = SqliteEventStore.Open(_file.Path, ViewShop.Types);
        await using var secondViews = New(second);
        await secondViews.StartAsync(cancellationToken);
        await using var third = SqliteEventStore.Open(_file.Path, ViewShop.Types);
        await Task.WhenAll(
            Task.Run(() => WriteAsync(_store, views, "cart-1"), cancellationToken),
            Task.Run(() => WriteAsync(second, secondViews, "cart-2"), cancellationToken),
            Task.Run(() => WriteAsync(third, null, "cart-3"), cancellationToken),
            Task.Run(() =>
            {
                for (var i = 0; i < Appends; i++) Insert("cart-4", 1);
            }, cancellationToken));
        await views.CatchUpAsync(cancellationToken);
        (await CountAsync(views)).Should().Be(4 * Appends);
        (await views.VerifyAsync("item-counts", null, cancellationToken)).Difference.Should().BeNull();

        async Task WriteAsync(EventStore store, EventViews? own, string stream)
        {
            for (var i = 0; i < Appends; i++)
            {
                var appended = await store.AppendAsync(stream, ExpectedVersion.Any, [new Added("a", 1)], cancellationToken: cancellationToken);
                if (own is null) continue;
                using var snapshot = await own.OpenSnapshotAsync("item-counts", null, cancellationToken);
                snapshot.Position.Should().BeGreaterThanOrEqualTo(appended.LastPosition);
                (await snapshot.View<Counted>().FindAsync("a", cancellationToken))!.Count.Should().Be(snapshot.Position.ToInt64());
            }
        }
    }

    private static EventViews New(EventStore store, bool failsAtZero = false) => new(store, [new ViewSet(new ItemCounts(failsAtZero: failsAtZero)) { Mode = ViewMode.Inline }]);

    private EventViews New() => New(_store);

    private async Task<EventViews> StartAsync(bool failsAtZero = false)
    {
        var views = New(_store, failsAtZero);
        await views.StartAsync();
        return views;
    }

    private static async Task<long> CountAsync(EventViews views) => (await views.View<Counted>().FindAsync("a"))!.Count;

    private ValueTask<AppendResult> AddAsync(int quantity) => _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", quantity)]);

    private LogAppend Encoded(int quantity) => _store.Encode(new Append().To("cart-1", ExpectedVersion.Any, [new Added("a", quantity)]));

    private void Insert(string stream, int quantity) => Run($"INSERT INTO events (stream, eventType, data) VALUES ('{stream}', 'added', '{{\"Sku\":\"a\",\"Quantity\":{quantity}}}')");

    private object? Run(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_file.Path};Pooling=False;Default Timeout=20");
        connection.Open();
        return Scalar(connection, sql);
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
