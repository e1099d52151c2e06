using System.Globalization;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Views on any log that keeps them.</summary>
public abstract class ViewTests
{
    private EventStore _store = null!;
    private EventViews _views = null!;

    protected abstract IEventLog OpenLog();

    [SetUp]
    public void SetUp()
    {
        _store = new(OpenLog(), ViewShop.Types);
        _views = new(_store, [ViewShop.Orders(), new ItemCounts()]);
    }

    [TearDown]
    public async Task TearDown()
    {
        await _views.DisposeAsync();
        await _store.DisposeAsync();
    }

    private IView<OrderRow> Orders => _views.View<OrderRow>();

    [Test]
    public async Task Documents_are_created_changed_and_removed()
    {
        await AddAsync("1", "ann", 10);
        await AddAsync("2", "bob", 20);
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Settled(4)]);
        await _store.AppendAsync("order-2", ExpectedVersion.Any, [new Settled(-1)]);
        await _views.CatchUpAsync();
        (await Orders.FindAsync("1"))!.Paid.Should().Be(4);
        (await Orders.FindAsync("2")).Should().BeNull();
        (await Orders.All.CountAsync()).Should().Be(1);
    }

    [Test]
    public async Task Projection_reads_another_one_of_its_set_at_the_same_event()
    {
        await AddAsync("1", "ann", 10);
        await AddAsync("2", "ann", 30);
        await _views.CatchUpAsync();
        (await _views.View<CustomerCard>().FindAsync("ann")).Should().Be(new CustomerCard("ann", 2, 40, 30));
    }

    [Test]
    public async Task Empty_log_has_views_without_documents()
    {
        await _views.CatchUpAsync();
        using var snapshot = await _views.OpenSnapshotAsync("orders");
        (await snapshot.View<OrderRow>().All.CountAsync()).Should().Be(0);
    }

    [Test]
    public async Task Event_of_many_documents_makes_each_of_them_by_its_key()
    {
        await using var views = new EventViews(_store, [new Halves()]);
        await AddAsync("1", "ann", 10);
        await views.CatchUpAsync();
        (await views.View<Counted>().FindAsync("1-ann")).Should().Be(new Counted(5));
        (await views.View<Counted>().FindAsync("1-")).Should().Be(new Counted(2));
    }

    [Test]
    public async Task Running_view_follows_the_log_and_reads_ones_own_write()
    {
        await _views.StartAsync();
        for (var i = 1; i <= 50; i++)
        {
            var result = await AddAsync(i.ToString(CultureInfo.InvariantCulture), "ann", i);
            (await Orders.At(result.LastPosition).FindAsync(i.ToString(CultureInfo.InvariantCulture)))!.Total.Should().Be(i);
        }
    }

    [Test]
    public async Task Pages_in_the_order_of_an_index_hold_every_document_once()
    {
        for (var i = 0; i < 100; i++) await AddAsync($"{i:000}", $"c{i % 3}", i % 7);
        await _views.CatchUpAsync();
        var seen = new List<OrderRow>();
        for (string? cursor = null; ;)
        {
            var page = await Orders.OrderByDescending("total").PageAsync(9, cursor);
            seen.AddRange(page.Rows);
            if ((cursor = page.Next) is null) break;
        }

        seen.Should().HaveCount(100).And.OnlyHaveUniqueItems();
        seen.Select(row => (row.Total, row.Id)).Should().BeInDescendingOrder();
        (await Orders.Where("customer", "c1").From("total", 3m).Through("total", 4m).PageAsync(100)).Rows.Should().OnlyContain(row => row.Customer == "c1" && row.Total >= 3 && row.Total <= 4).And.NotBeEmpty();
    }

    [Test]
    public async Task Failing_handler_pauses_the_view_before_its_event_and_reads_at_it_fail_at_once()
    {
        var views = new EventViews(_store, [new ItemCounts(failsAtZero: true)]);
        await using (views)
        {
            await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1), new Added("a", 2)]);
            var bad = await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("b", 0), new Added("a", 5)]);
            await views.StartAsync();
            var act = async () => await views.View<Counted>().At(bad.LastPosition).FindAsync("a");
            var error = (await act.Should().ThrowAsync<SubscriptionException>()).Which;
            FindViewException(error).Position.Should().Be(GlobalPosition.FromInt64(3));
        }
    }

    [Test]
    public async Task Failing_handler_of_a_running_view_leaves_the_events_before_it()
    {
        var views = new EventViews(_store, [new ItemCounts(failsAtZero: true)]);
        await using (views)
        {
            await views.StartAsync();
            await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
            await views.WaitForPositionAsync("item-counts", GlobalPosition.FromInt64(1));
            await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 2), new Added("b", 0), new Added("a", 5)]);
            var act = async () => await views.WaitForPositionAsync("item-counts", GlobalPosition.FromInt64(3));
            FindViewException((await act.Should().ThrowAsync<SubscriptionException>()).Which).Position.Should().Be(GlobalPosition.FromInt64(3));
            (await views.View<Counted>().At(GlobalPosition.FromInt64(2)).FindAsync("a"))!.Count.Should().Be(3);
            (await views.GetStatusAsync()).Single(s => s.Set == "item-counts").Stall.Should().Contain("zero");
        }
    }

    [Test]
    public async Task Snapshot_reads_several_views_at_one_point_in_time()
    {
        await _views.StartAsync();
        var first = await AddAsync("1", "ann", 10);
        using var snapshot = await _views.OpenSnapshotAsync("orders", first.LastPosition);
        var second = await AddAsync("2", "ann", 20);
        await _views.WaitForPositionAsync("orders", second.LastPosition);
        (await snapshot.View<OrderRow>().FindAsync("2")).Should().BeNull();
        (await snapshot.View<CustomerCard>().FindAsync("ann"))!.Orders.Should().Be(1);
        snapshot.Position.Should().Be(first.LastPosition);
    }

    [Test]
    public async Task Rebuilt_view_equals_a_replay_and_has_another_build()
    {
        for (var i = 0; i < 100; i++) await AddAsync($"{i}", $"c{i % 5}", i);
        await _views.StartAsync();
        await _views.CatchUpAsync();
        (await _views.VerifyAsync("orders")).IsEqual.Should().BeTrue();
        await _views.RebuildAsync("orders");
        var result = await AddAsync("x", "c1", 1);
        (await Orders.At(result.LastPosition).FindAsync("x")).Should().NotBeNull();
        (await _views.View<CustomerCard>().At(result.LastPosition).FindAsync("c1"))!.Orders.Should().Be(21);
        (await _views.GetStatusAsync()).Single(s => s.Set == "orders").Build.Should().Be(3, "a verification takes a number too");
        (await _views.VerifyAsync("orders")).Should().BeEquivalentTo(new ViewVerification(result.LastPosition, 106, null));
    }

    [Test]
    public async Task Calls_that_build_one_set_in_one_process_come_one_after_the_other()
    {
        for (var i = 0; i < 100; i++) await AddAsync($"{i}", $"c{i % 5}", i);
        await _views.StartAsync();
        await _views.CatchUpAsync();
        await Task.WhenAll(Enumerable.Range(0, 3).SelectMany(_ => new[] { _views.RebuildAsync("orders"), VerifyAsync() }));

        async Task VerifyAsync() => (await _views.VerifyAsync("orders")).IsEqual.Should().BeTrue();
    }

    [Test]
    public async Task Changed_declaration_without_a_new_version_is_refused_and_named()
    {
        await _views.CatchUpAsync();
        await using var changed = new EventViews(_store, [new Indexed()]);
        var act = async () => await changed.CatchUpAsync();
        (await act.Should().ThrowAsync<ViewDeclarationException>()).WithMessage("*item-counts*version is still 1*index count*");
    }

    [Test]
    public async Task Version_builds_beside_the_one_before_and_both_are_read()
    {
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
        await _views.CatchUpAsync();
        await using var next = new EventViews(_store, [new ItemCounts(version: 2)]);
        await next.CatchUpAsync();
        (await next.View<Counted>().FindAsync("a"))!.Count.Should().Be(1);
        (await _views.View<Counted>().FindAsync("a"))!.Count.Should().Be(1);
        (await next.GetStatusAsync()).Select(s => (s.Set, s.Version, s.IsDeclared)).Should().Contain(("item-counts", 1, false)).And.Contain(("item-counts", 2, true));
        (await next.RemoveAsync("item-counts", 1)).Should().BeTrue();
        await using var back = new EventViews(_store, [new ItemCounts(version: 1)]);
        var act = async () => await back.CatchUpAsync();
        await act.Should().ThrowAsync<ViewDeclarationException>().WithMessage("*version 1*does not exist*version 2 does*");
    }

    [Test, CancelAfter(60_000)]
    public async Task Set_that_runs_is_declared_all_the_while(CancellationToken cancellationToken)
    {
        var clock = new FakeTimeProvider(new(2026, 11, 28, 0, 0, 0, TimeSpan.Zero));
        var late = clock.GetUtcNow().AddHours(5);
        await using var bus = new EventBus(_store, new() { TimeProvider = clock });
        await using var views = new EventViews(bus, [new ItemCounts()]);
        await views.StartAsync(cancellationToken);
        while ((await views.GetStatusAsync(cancellationToken)).Single().HeldAt < late)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    [Test]
    public async Task Read_while_building_fails_where_asked()
    {
        await using var views = new EventViews(_store, [new ItemCounts()], new() { WhileBuilding = WhileBuilding.Fail });
        var act = async () => await views.View<Counted>().FindAsync("a");
        (await act.Should().ThrowAsync<ViewBuildingException>()).Which.IsTransient.Should().BeTrue();
    }

    [Test]
    public async Task Two_processes_share_a_set_and_both_read_their_own_writes()
    {
        await using var other = new EventViews(_store, [ViewShop.Orders()]);
        await _views.StartAsync();
        await other.StartAsync();
        for (var i = 1; i <= 20; i++)
        {
            var result = await AddAsync($"{i}", "ann", i);
            (await other.View<OrderRow>().At(result.LastPosition).FindAsync($"{i}")).Should().NotBeNull();
            (await Orders.At(result.LastPosition).FindAsync($"{i}")).Should().NotBeNull();
        }
    }

    [Test]
    public async Task Reader_that_starts_nothing_reads_what_another_process_writes()
    {
        await using var reader = new EventViews(_store, [new ItemCounts()]);
        await _views.StartAsync();
        var result = await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
        (await reader.View<Counted>().At(result.LastPosition).FindAsync("a"))!.Count.Should().Be(1);
        var foreign = await AddAsync("1", "ann", 1);
        (await reader.View<Counted>().At(foreign.LastPosition).FindAsync("a"))!.Count.Should().Be(1);
    }

    [Test]
    public async Task Document_of_one_key_is_built_again()
    {
        await using var views = new EventViews(_store, [new ByStream(), new ItemCounts()]);
        await views.StartAsync();
        for (var i = 0; i < 3; i++) await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", i)]);
        var last = await _store.AppendAsync("cart-2", ExpectedVersion.Any, [new Added("a", 7)]);
        await views.WaitForPositionAsync("by-stream", last.LastPosition);
        await views.RebuildKeyAsync("by-stream", "cart-1");
        await views.RebuildKeyAsync("by-stream", "cart-9");
        (await views.View<Counted>("by-stream").At(last.LastPosition).FindManyAsync(["cart-1", "cart-2", "cart-9"])).Should().BeEquivalentTo(new Dictionary<string, Counted> { ["cart-1"] = new(3), ["cart-2"] = new(7) });
        (await views.VerifyAsync("by-stream")).IsEqual.Should().BeTrue();
        await views.RebuildAsync("by-stream");
        await views.RebuildKeyAsync("by-stream", "cart-2");
        await ((Func<Task>)(() => views.RebuildKeyAsync("item-counts", "a"))).Should().ThrowAsync<NotSupportedException>().WithMessage("*'item-counts'*KeyIsStream*");
    }

    private static ViewException FindViewException(Exception? error)
    {
        while (error is not ViewException) error = error!.InnerException;
        return (ViewException)error;
    }

    private ValueTask<AppendResult> AddAsync(string id, string customer, decimal total) => _store.AppendAsync($"order-{id}", ExpectedVersion.Any, [new Placed(customer, total)]);

    private sealed class ByStream : Projection<Counted>
    {
        internal ByStream() : base("by-stream", 1, ViewShopJson.Default.Counted)
        {
            KeyIsStream();
            On<Added>((row, e) => new((row?.Count ?? 0) + e.Quantity));
        }
    }

    private sealed class Indexed : Projection<Counted>
    {
        internal Indexed() : base("item-counts", 1, ViewShopJson.Default.Counted)
        {
            Index("count", row => row.Count);
            Key<Added>((e, _) => e.Sku);
            On<Added>((row, e) => new((row?.Count ?? 0) + e.Quantity));
        }
    }
}
