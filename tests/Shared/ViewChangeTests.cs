using System.Text.Json;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Following the changes of a view, on any log that keeps views.</summary>
public abstract class ViewChangeTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private IEventLog _log = null!;
    private EventStore _store = null!;
    private EventViews _views = null!;

    protected abstract IEventLog OpenLog();

    /// <summary>The same log, as another process opens it.</summary>
    protected virtual IEventLog OpenAgain(IEventLog log) => log;

    private IView<OrderRow> Orders => _views.View<OrderRow>();

    [SetUp]
    public async Task SetUp()
    {
        _store = new(_log = OpenLog(), ViewShop.Types);
        _views = new(_store, [new FollowedOrders(), new ItemCounts()]);
        await _views.CatchUpAsync();
    }

    [TearDown]
    public async Task TearDown()
    {
        await _views.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Test]
    public async Task Changes_have_the_documents_before_and_after()
    {
        var token = await TokenAsync();
        await PlaceAsync("1", 10);
        await SettleAsync("1", 4);
        await SettleAsync("1", -1);
        var changes = await TakeAsync(Orders.ChangesAsync(token), 3);
        changes.Select(c => (c.Key, c.Before?.Paid, c.After?.Paid, c.Position.ToInt64())).Should().Equal(("1", null, 0m, 1), ("1", 0m, 4m, 2), ("1", 4m, null, 3));
    }

    [Test]
    public async Task Events_between_two_writes_are_one_change_of_each_key()
    {
        var token = await TokenAsync();
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 1), new Settled(1), new Settled(2)]);
        await _store.AppendAsync("order-2", ExpectedVersion.Any, [new Placed("bob", 1), new Settled(-1)]);
        await _store.AppendAsync("order-3", ExpectedVersion.Any, [new Placed("cid", 1)]);
        await _views.CatchUpAsync();
        // The same as before once it is written.
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Settled(0), new Settled(-1), new Placed("ann", 1), new Settled(3)]);
        await PlaceAsync("4", 1);
        var changes = await TakeAsync(Orders.ChangesAsync(token), 3);
        changes.Select(c => (c.Key, c.After!.Paid, c.Position.ToInt64())).Should().Equal(("1", 3m, 3), ("3", 0m, 6), ("4", 0m, 11));
    }

    [Test]
    public async Task Default_is_the_time_of_the_first_call()
    {
        await PlaceAsync("1", 1);
        await using var changes = Orders.ChangesAsync().GetAsyncEnumerator();
        var next = changes.MoveNextAsync().AsTask();
        await _views.StartAsync();
        // The first call has found its place once it waits; until then an order may come before it.
        for (var i = 2; !next.IsCompleted; i++) await PlaceAsync($"{i}", 1);
        (await next.WaitAsync(s_patience)).Should().BeTrue();
        changes.Current.Key.Should().NotBe("1");
        changes.Current.Before.Should().BeNull();
    }

    [Test]
    public async Task Snapshot_and_its_token_leave_no_gap_and_repeat_nothing()
    {
        await _views.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            var copy = new Copy<OrderRow>("followed-orders");
            var writing = Task.Run(async () =>
            {
                for (var n = 0; n < 5; n++) await _store.AppendAsync($"order-{i}-{n}", ExpectedVersion.Any, [new Placed("ann", n)]);
            });
            await copy.ReadAsync(_views);
            await writing;
            await _views.CatchUpAsync();
            await copy.CatchUpAsync(_views);
            await copy.ShouldEqualViewAsync(_views);
        }
    }

    [Test]
    public async Task Rebuild_feeds_nothing_and_ends_the_changes()
    {
        await PlaceAsync("1", 1);
        var token = await TokenAsync();
        await _views.StartAsync();
        await using var open = Orders.ChangesAsync(token).GetAsyncEnumerator();
        var next = open.MoveNextAsync().AsTask();
        await _views.RebuildAsync("followed-orders");
        var error = (await ((Func<Task>)(() => next.WaitAsync(s_patience))).Should().ThrowAsync<ViewChangesLostException>()).Which;
        (error.Projection, error.Token).Should().Be(("followed-orders", token));
        error.Message.Should().Contain("build 1").And.Contain("build 2").And.Contain("ViewSnapshot.ChangeToken");
        var fresh = await TokenAsync();
        await PlaceAsync("2", 1);
        (await TakeAsync(Orders.ChangesAsync(fresh), 1)).Single().Key.Should().Be("2");
    }

    [Test]
    public async Task Document_that_is_built_again_alone_gives_a_change_where_it_differs()
    {
        var surcharge = 0m;
        await using var views = new EventViews(_store, [new ViewSet("other", 1, new FollowedOrders(surcharge: () => surcharge))]);
        await views.StartAsync();
        await PlaceAsync("1", 1);
        await PlaceAsync("2", 1);
        await views.CatchUpAsync();
        using var snapshot = await views.OpenSnapshotAsync("other");
        await views.RebuildKeyAsync("followed-orders", "1");
        surcharge = 5;
        await views.RebuildKeyAsync("followed-orders", "2");
        var change = (await TakeAsync(views.View<OrderRow>().ChangesAsync(snapshot.ChangeToken<OrderRow>()), 1)).Single();
        (change.Key, change.Before!.Total, change.After!.Total, change.Position.ToInt64()).Should().Be(("2", 1m, 6m, 2));
    }

    [Test]
    public async Task Token_older_than_what_is_kept_is_refused()
    {
        await using var views = new EventViews(_store, [new ViewSet("few", 1, new FollowedOrders(max: 3))]);
        await views.CatchUpAsync();
        var copy = new Copy<OrderRow>("followed-orders");
        await copy.ReadAsync(views);
        for (var i = 1; i <= 3; i++) await PlaceIntoAsync(views, i);
        await copy.CatchUpAsync(views);
        copy.Changes.Should().Be(3);
        for (var i = 4; i <= 5; i++) await PlaceIntoAsync(views, i);
        await copy.CatchUpAsync(views);
        for (var i = 6; i <= 8; i++) await PlaceIntoAsync(views, i);
        (await copy.ShouldBeLostAsync(views)).Should().Contain("change 5,").And.Contain("change 6");
        await copy.ReadAsync(views);
        await copy.CatchUpAsync(views);
        await copy.ShouldEqualViewAsync(views);

        async Task PlaceIntoAsync(EventViews into, int order)
        {
            await _store.AppendAsync($"order-{order}", ExpectedVersion.Any, [new Placed("ann", order)]);
            await into.CatchUpAsync();
        }
    }

    [Test]
    public async Task Reader_that_is_overtaken_is_told()
    {
        await using var views = new EventViews(_store, [new ViewSet("few", 1, new FollowedOrders(max: 1))]);
        await views.CatchUpAsync();
        using var snapshot = await views.OpenSnapshotAsync("few");
        await using var changes = views.View<OrderRow>().ChangesAsync(snapshot.ChangeToken<OrderRow>()).GetAsyncEnumerator();
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 1)]);
        await views.CatchUpAsync();
        (await changes.MoveNextAsync()).Should().BeTrue();
        await _store.AppendAsync("order-2", ExpectedVersion.Any, [new Placed("ann", 1)]);
        await _store.AppendAsync("order-3", ExpectedVersion.Any, [new Placed("ann", 1)]);
        await views.CatchUpAsync();
        await ((Func<Task>)(async () => await changes.MoveNextAsync())).Should().ThrowAsync<ViewChangesLostException>();
    }

    [Test]
    public async Task Token_of_another_version_is_refused()
    {
        var token = await TokenAsync();
        await using var next = new EventViews(_store, [new FollowedOrders(version: 2)]);
        await next.CatchUpAsync();
        var act = () => TakeAsync(next.View<OrderRow>().ChangesAsync(token), 1);
        (await act.Should().ThrowAsync<ViewChangesLostException>()).Which.Message.Should().Contain("version 2");
    }

    [Test]
    public async Task Token_of_a_version_that_was_removed_and_built_again_is_refused()
    {
        var token = await TokenAsync();
        await using (var next = new EventViews(_store, [new ItemCounts()])) await next.RemoveAsync("followed-orders", 1);
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 1)]);
        await using var views = new EventViews(_store, [new FollowedOrders()]);
        await views.CatchUpAsync();
        (await views.GetStatusAsync()).Single(s => s.Set == "followed-orders").Build.Should().Be(1);
        var act = () => TakeAsync(views.View<OrderRow>().ChangesAsync(token), 1);
        await act.Should().ThrowAsync<ViewChangesLostException>();
    }

    [Test]
    public async Task Token_that_was_altered_is_refused()
    {
        for (var i = 1; i <= 3; i++) await PlaceAsync($"{i}", 1);
        var parts = (await TokenAsync()).ToString().Split('.');
        foreach (var (part, value) in new[] { (4, "2"), (5, "2"), (5, "0"), (5, "4"), (5, $"{long.MaxValue}"), (6, "0123456789abcdef") })
        {
            var altered = (string[])parts.Clone();
            altered[part] = value;
            var act = () => TakeAsync(Orders.ChangesAsync(ViewChangeToken.Parse(string.Join('.', altered), null)), 1);
            await act.Should().ThrowAsync<ViewChangesLostException>(string.Join('.', altered));
        }
    }

    [Test]
    public async Task Token_is_text_and_json()
    {
        var token = await TokenAsync();
        ViewChangeToken.Parse(token.ToString(), null).Should().Be(token);
        token.ToString().Should().MatchRegex("^[a-z0-9.-]{1,200}$");
        JsonSerializer.Serialize(token).Should().Be($"\"{token}\"");
        JsonSerializer.Deserialize<ViewChangeToken>(JsonSerializer.Serialize(token)).Should().Be(token);
        JsonSerializer.Deserialize<ViewChangeToken>("null").Should().Be(default(ViewChangeToken));
        default(ViewChangeToken).ToString().Should().BeEmpty();
        foreach (var text in new[] { "", " ", "1", token + "0", token.ToString()[..^1], "2" + token.ToString()[1..], token.ToString().ToUpperInvariant(), token + "\r\n", "1.x.1.1.1.-1.0123456789abcdef", "1.x.0.1.1.1.0123456789abcdef", "1.x.99999999999.1.1.1.0123456789abcdef" })
            ViewChangeToken.TryParse(text, out _).Should().BeFalse(text);
    }

    [Test]
    public async Task Misuse_is_refused_at_the_call()
    {
        var token = await TokenAsync();
        using var snapshot = await _views.OpenSnapshotAsync("followed-orders");
        using var counts = await _views.OpenSnapshotAsync("item-counts");
        ((Action)(() => _views.View<Counted>().ChangesAsync())).Should().Throw<NotSupportedException>().WithMessage("*KeepChanges()*");
        ((Action)(() => counts.ChangeToken<Counted>())).Should().Throw<NotSupportedException>().WithMessage("*KeepChanges()*");
        ((Action)(() => snapshot.View<OrderRow>().ChangesAsync())).Should().Throw<InvalidOperationException>();
        ((Action)(() => Orders.ChangesAsync(ViewChangeToken.Parse(token.ToString().Replace("followed-orders", "others", StringComparison.Ordinal), null)))).Should().Throw<ArgumentException>().WithMessage("*'others'*");
        foreach (var max in new[] { int.MinValue, 0, 1_000_001 }) ((Action)(() => _ = new FollowedOrders(max))).Should().Throw<ArgumentOutOfRangeException>();
        snapshot.Dispose();
        ((Action)(() => snapshot.ChangeToken<OrderRow>())).Should().Throw<ObjectDisposedException>();
    }

    [Test]
    public async Task Keeping_changes_needs_a_new_version()
    {
        await using var views = new EventViews(_store, [new FollowedOrders(max: 5)]);
        (await ((Func<Task>)(() => views.StartAsync())).Should().ThrowAsync<ViewDeclarationException>()).Which.Message.Should().Contain("changes 10000").And.Contain("changes 5");
    }

    [Test]
    public async Task Changes_end_by_cancellation_and_by_disposal()
    {
        await _views.StartAsync();
        using var cancelled = new CancellationTokenSource();
        await using var first = Orders.ChangesAsync(cancellationToken: cancelled.Token).GetAsyncEnumerator();
        await using var second = Orders.ChangesAsync().GetAsyncEnumerator();
        var (one, two) = (first.MoveNextAsync().AsTask(), second.MoveNextAsync().AsTask());
        await cancelled.CancelAsync();
        await ((Func<Task>)(() => one.WaitAsync(s_patience))).Should().ThrowAsync<OperationCanceledException>();
        await _views.DisposeAsync();
        await ((Func<Task>)(() => two.WaitAsync(s_patience))).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Test]
    public async Task Paused_view_is_waited_for()
    {
        await _views.StartAsync();
        // The set is active once it has handled an event.
        await PlaceAsync("0", 1);
        var token = await TokenAsync();
        await _views.PauseAsync("followed-orders");
        await using var changes = Orders.ChangesAsync(token).GetAsyncEnumerator();
        var next = changes.MoveNextAsync().AsTask();
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 1)]);
        next.IsCompleted.Should().BeFalse();
        await _views.ResumeAsync("followed-orders");
        (await next.WaitAsync(s_patience)).Should().BeTrue();
    }

    [Test]
    public async Task Position_that_the_view_must_have_handled_is_waited_for()
    {
        await _views.StartAsync();
        var placed = await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 1)]);
        await using var changes = Orders.At(placed.LastPosition).ChangesAsync().GetAsyncEnumerator();
        var next = changes.MoveNextAsync().AsTask();
        for (var i = 2; !next.IsCompleted; i++) await PlaceAsync($"{i}", 1);
        (await next.WaitAsync(s_patience)).Should().BeTrue();
        changes.Current.Key.Should().NotBe("1");
    }

    [Test]
    public async Task Write_in_this_process_wakes_readers_without_the_clock()
    {
        var clock = new FakeTimeProvider(new(2026, 11, 28, 0, 0, 0, TimeSpan.Zero));
        await using var bus = new EventBus(_store, new() { TimeProvider = clock });
        await using var views = new EventViews(bus, [new FollowedOrders()]);
        await views.StartAsync();
        await views.CatchUpAsync();
        await using var changes = views.View<OrderRow>().ChangesAsync(await TokenAsync()).GetAsyncEnumerator();
        for (var i = 1; i <= 20; i++)
        {
            var next = changes.MoveNextAsync().AsTask();
            await _store.AppendAsync($"order-{i}", ExpectedVersion.Any, [new Placed("ann", i)]);
            (await next.WaitAsync(s_patience)).Should().BeTrue();
            changes.Current.After!.Total.Should().Be(i);
        }
    }

    [Test]
    public async Task Changes_that_another_process_writes_are_followed_by_many_readers()
    {
        await using var store = new EventStore(OpenAgain(_log), ViewShop.Types);
        await using var other = new EventViews(store, [new FollowedOrders()]);
        var token = await TokenAsync();
        var readers = Enumerable.Range(0, 10).Select(_ => TakeAsync(other.View<OrderRow>().ChangesAsync(token), 30)).ToArray();
        await _views.StartAsync();
        for (var i = 1; i <= 30; i++) await PlaceAsync($"{i}", i);
        foreach (var changes in await Task.WhenAll(readers)) changes.Select(c => c.After!.Total).Should().Equal(Enumerable.Range(1, 30).Select(i => (decimal)i));
        // The other one continues.
        await using var open = other.View<OrderRow>().ChangesAsync(await TokenAsync()).GetAsyncEnumerator();
        var next = open.MoveNextAsync().AsTask();
        await _views.StopAsync();
        await other.StartAsync();
        await _store.AppendAsync("order-31", ExpectedVersion.Any, [new Placed("ann", 31)]);
        (await next.WaitAsync(s_patience)).Should().BeTrue();
        open.Current.Key.Should().Be("31");
        // A rebuild by another process.
        var lost = open.MoveNextAsync().AsTask();
        await _views.RebuildAsync("followed-orders");
        await ((Func<Task>)(() => lost.WaitAsync(s_patience))).Should().ThrowAsync<ViewChangesLostException>();
    }

    private async Task<ViewChangeToken> TokenAsync()
    {
        using var snapshot = await _views.OpenSnapshotAsync("followed-orders");
        return snapshot.ChangeToken<OrderRow>();
    }

    private Task PlaceAsync(string order, decimal total) => WriteAsync(order, new Placed("ann", total));

    private Task SettleAsync(string order, decimal amount) => WriteAsync(order, new Settled(amount));

    // Each event is written by itself.
    private async Task WriteAsync(string order, object e)
    {
        await _store.AppendAsync($"order-{order}", ExpectedVersion.Any, [e]);
        await _views.CatchUpAsync();
    }

    private static async Task<List<ViewChange<TRow>>> TakeAsync<TRow>(IAsyncEnumerable<ViewChange<TRow>> changes, int count) where TRow : class
    {
        using var patience = new CancellationTokenSource(s_patience);
        var taken = new List<ViewChange<TRow>>();
        await foreach (var change in changes.WithCancellation(patience.Token))
        {
            taken.Add(change);
            if (taken.Count == count) break;
        }

        return taken;
    }
}
