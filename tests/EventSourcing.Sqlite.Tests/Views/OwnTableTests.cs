using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

public sealed class OwnTableTests
{
    private const string Counts = "SELECT sku, quantity, events FROM counts ORDER BY sku", Journal = "SELECT position, quantity FROM journal ORDER BY position";

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

    [Test]
    public async Task Rows_are_written_by_sql_and_read_at_ones_own_write()
    {
        await using var views = new EventViews(_store, [new OwnCounts()]);
        await views.StartAsync();
        await AddAsync(("a", 2), ("b", 3));
        var last = await AddAsync(("a", 5));
        (await views.ReadAsync("own-counts", Counts, last)).Should().Equal("a|7|2", "b|3|1");
        (await views.VerifyAsync("own-counts")).Should().BeEquivalentTo(new { IsEqual = true, Documents = 5L });
        (await views.GetStatusAsync()).Single().Position.Should().Be(last);
    }

    [Test]
    public async Task Empty_log_has_the_tables_without_rows()
    {
        await using var views = new EventViews(_store, [new OwnCounts()]);
        await views.CatchUpAsync();
        (await views.ReadAsync("own-counts", Counts)).Should().BeEmpty();
    }

    [Test]
    public async Task Failing_handler_is_undone_alone_and_pauses_the_view_before_its_event()
    {
        await using var views = new EventViews(_store, [new OwnCounts(then: (_, e, _) => FailAtZero(e))]);
        await AddAsync(("a", 1));
        await views.StartAsync();
        await views.WaitForPositionAsync("own-counts", GlobalPosition.FromInt64(1));
        await AddAsync(("a", 2), ("b", 0), ("a", 4));
        await ShouldPauseAsync(views, 3, "zero");
        (await views.ReadAsync("own-counts", Counts)).Should().Equal("a|3|2");
        (await views.ReadAsync("own-counts", Journal)).Should().Equal("1|1", "2|2");
        await views.DisposeAsync();

        await using var repaired = new EventViews(_store, [new OwnCounts()]);
        await repaired.CatchUpAsync();
        (await repaired.ReadAsync("own-counts", Counts)).Should().Equal("a|7|3", "b|0|1");
        (await repaired.VerifyAsync("own-counts")).IsEqual.Should().BeTrue();
    }

    [Test]
    public async Task Failing_handler_ends_a_build()
    {
        await AddAsync(("a", 2), ("b", 0));
        await using var views = new EventViews(_store, [new OwnCounts(then: (_, e, _) => FailAtZero(e))]);
        var error = (await ((Func<Task>)(() => views.CatchUpAsync())).Should().ThrowAsync<SubscriptionException>()).Which;
        CauseOf(error).Should().BeEquivalentTo(new { Projection = "own-counts", Position = GlobalPosition.FromInt64(2), EventType = "added" });
    }

    [Test]
    public async Task Set_of_documents_tallies_and_own_tables_is_one_transaction()
    {
        var cards = new OwnProjection("cards", "CREATE TABLE cards (sku TEXT PRIMARY KEY NOT NULL, quantity INTEGER NOT NULL)", [("cards", ["sku"])],
            (connection, e, _) => connection.Run("INSERT INTO cards SELECT sku, quantity FROM counts WHERE sku = $sku ON CONFLICT DO UPDATE SET quantity = excluded.quantity", ("$sku", e.Sku)));
        await using var views = new EventViews(_store, [new ViewSet("all", 1, new ItemCounts(), new OwnCounts(), cards)]);
        await AddAsync(("a", 2), ("b", 3), ("a", 4));
        await views.CatchUpAsync();
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(6);
        (await views.ReadAsync("all", "SELECT sku, quantity FROM cards ORDER BY sku")).Should().Equal("a|6", "b|3");
        (await views.ReadAsync("all", "SELECT key, json_extract(json, '$.Count') FROM \"item-counts\" ORDER BY key")).Should().Equal("a|6", "b|3");
        await views.StartAsync();
        var last = await AddAsync(("a", 10));
        (await views.ReadAsync("all", Counts, last)).Should().Equal("a|16|3", "b|3|1");
        (await views.VerifyAsync("all")).Should().BeEquivalentTo(new { IsEqual = true, Documents = 2L + 2 + 4 + 2 });
    }

    [Test]
    public async Task New_version_is_built_beside_the_old_one()
    {
        await AddAsync(("a", 2));
        await using var old = new EventViews(_store, [new OwnCounts()]);
        await old.CatchUpAsync();
        await using var views = new EventViews(_store, [new OwnCounts(version: 2, schema: OwnCounts.Schema + "; CREATE INDEX by_quantity ON counts (quantity)")]);
        await views.CatchUpAsync();
        (await views.ReadAsync("own-counts", "SELECT sku FROM counts INDEXED BY by_quantity")).Should().Equal("a");
        (await old.ReadAsync("own-counts", Counts)).Should().Equal("a|2|1");
    }

    [Test]
    public async Task Changed_schema_of_the_same_version_is_refused_with_what_changed()
    {
        await using (var views = new EventViews(_store, [new OwnCounts()])) await views.CatchUpAsync();
        await using var changed = new EventViews(_store, [new OwnCounts(schema: OwnCounts.Schema + "; CREATE INDEX by_quantity ON counts (quantity)")]);
        (await ((Func<Task>)(() => changed.StartAsync())).Should().ThrowAsync<ViewDeclarationException>()).WithMessage("*is now: CREATE INDEX by_quantity*");
    }

    [Test]
    public async Task Rebuilt_view_has_the_same_rows_and_another_file()
    {
        await using var views = new EventViews(_store, [new OwnCounts()]);
        await AddAsync(("a", 2), ("b", 3));
        await views.StartAsync();
        await views.CatchUpAsync();
        var before = (await views.GetStatusAsync()).Single().Path;
        await using var open = await views.OpenConnectionAsync("own-counts");
        await views.RebuildAsync("own-counts");
        var last = await AddAsync(("a", 5));
        (await views.ReadAsync("own-counts", Counts, last)).Should().Equal("a|7|2", "b|3|1");
        open.Rows(Counts).Should().Equal("a|2|1", "b|3|1");
        (await views.GetStatusAsync()).Single().Path.Should().NotBe(before);
    }

    [Test]
    public async Task Build_that_was_interrupted_is_continued_and_counts_each_event_once()
    {
        for (var i = 0; i < 50; i++) await _store.AppendAsync("cart-1", ExpectedVersion.Any, [.. Enumerable.Range(0, 100).Select(j => (object)new Added($"s{j % 7}", 1))]);
        using var stop = new CancellationTokenSource();
        await using (var views = new EventViews(_store, [new OwnCounts(then: (_, _, envelope) =>
        {
            if (envelope.Position.ToInt64() == 3_000) stop.Cancel();
        })], new() { MaxCacheBytes = 1 << 20 }))
            await ((Func<Task>)(() => views.RebuildAsync("own-counts", null, stop.Token))).Should().ThrowAsync<OperationCanceledException>();
        await using var again = new EventViews(_store, [new OwnCounts()]);
        await again.CatchUpAsync();
        (await again.ReadAsync("own-counts", "SELECT count(*), sum(quantity), max(position) FROM journal")).Should().Equal("5000|5000|5000");
        (await again.VerifyAsync("own-counts")).IsEqual.Should().BeTrue();
    }

    [Test]
    public async Task Log_in_memory_refuses_the_projection()
    {
        await using var store = new EventStore(new InMemoryEventLog(), ViewShop.Types);
        var act = () => new EventViews(store, [new OwnCounts()]);
        act.Should().Throw<StoreConfigurationException>().WithMessage("*'own-counts' has tables of its own*InMemoryEventLog*");
    }

    [Test]
    public async Task Opened_connection_reads_one_state_and_writes_nothing()
    {
        await using var views = new EventViews(_store, [new OwnCounts()]);
        await views.StartAsync();
        await using var connection = await views.OpenConnectionAsync("own-counts", await AddAsync(("a", 2)));
        await views.WaitForPositionAsync("own-counts", await AddAsync(("a", 3)));
        connection.Rows(Counts).Should().Equal("a|2|1");
        ((Action)(() => connection.Run("DELETE FROM counts"))).Should().Throw<SqliteException>().Which.SqliteErrorCode.Should().Be(8);
        (await views.ReadAsync("own-counts", Counts)).Should().Equal("a|5|2");
        await ((Func<Task>)(() => views.ReadAsync("other", Counts))).Should().ThrowAsync<ArgumentException>();
    }

    [Test]
    public async Task View_of_own_tables_has_no_documents()
    {
        await using var views = new EventViews(_store, [new OwnCounts()]);
        ((Action)(() => views.View<Counted>("own-counts"))).Should().Throw<ArgumentException>().WithMessage("*no documents*");
        await ((Func<Task>)(() => views.RebuildKeyAsync("own-counts", "a"))).Should().ThrowAsync<NotSupportedException>();
    }

    [Test]
    public async Task Foreign_keys_hold_after_each_event()
    {
        var projection = new OwnProjection("lines", "CREATE TABLE parents (id TEXT PRIMARY KEY NOT NULL); CREATE TABLE lines (id INTEGER PRIMARY KEY, parent TEXT REFERENCES parents DEFERRABLE INITIALLY DEFERRED)", [("parents", ["id"]), ("lines", ["id"])],
            (connection, e, envelope) =>
            {
                connection.Run("INSERT INTO lines VALUES ($id, $parent)", ("$id", envelope.Position.ToInt64()), ("$parent", e.Sku));
                if (e.Quantity > 0) connection.Run("INSERT OR IGNORE INTO parents VALUES ($parent)", ("$parent", e.Sku));
            });
        await using var views = new EventViews(_store, [projection]);
        await views.StartAsync();
        await views.WaitForPositionAsync("lines", await AddAsync(("a", 1), ("a", 0)));
        await AddAsync(("b", 0), ("b", 1));
        await ShouldPauseAsync(views, 3, "FOREIGN KEY", "lines");
    }

    [Test]
    public async Task Full_text_table_is_kept_by_handlers()
    {
        var projection = new OwnProjection("texts", "CREATE TABLE texts (id INTEGER PRIMARY KEY, sku TEXT NOT NULL); CREATE VIRTUAL TABLE search USING fts5(sku)", [("texts", ["id"])],
            (connection, e, envelope) =>
            {
                connection.Run("INSERT INTO texts VALUES ($id, $sku)", ("$id", envelope.Position.ToInt64()), ("$sku", e.Sku));
                connection.Run("INSERT INTO search (rowid, sku) VALUES ($id, $sku)", ("$id", envelope.Position.ToInt64()), ("$sku", e.Sku));
            });
        await using var views = new EventViews(_store, [projection]);
        await AddAsync(("red apple", 1), ("green pear", 1));
        await views.CatchUpAsync();
        (await views.ReadAsync("texts", "SELECT rowid FROM search WHERE search MATCH 'pear'")).Should().Equal("2");
        (await views.VerifyAsync("texts")).IsEqual.Should().BeTrue();
    }

    internal static ViewException CauseOf(Exception error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
            if (e is ViewException found) return found;
        throw error;
    }

    internal static async Task ShouldPauseAsync(EventViews views, long position, string why, string set = "own-counts")
    {
        var error = (await ((Func<Task>)(() => views.WaitForPositionAsync(set, GlobalPosition.FromInt64(position)).WaitAsync(TimeSpan.FromSeconds(20)))).Should().ThrowAsync<SubscriptionException>()).Which;
        CauseOf(error).Position.Should().Be(GlobalPosition.FromInt64(position));
        CauseOf(error).Message.Should().Contain(why);
        (await views.GetStatusAsync()).Single(status => status.Set == set).Stall.Should().Contain(why);
    }

    private static void FailAtZero(Added e)
    {
        if (e.Quantity == 0) throw new InvalidOperationException("zero");
    }

    private async Task<GlobalPosition> AddAsync(params (string Sku, int Quantity)[] items) =>
        (await _store.AppendAsync("cart-1", ExpectedVersion.Any, [.. items.Select(item => (object)new Added(item.Sku, item.Quantity))])).LastPosition;
}
