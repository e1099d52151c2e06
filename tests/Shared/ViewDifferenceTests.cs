using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Differences of views between two points in the past, on any log that keeps views: compared with folds by hand.</summary>
public abstract class ViewDifferenceTests
{
    private EventStore _store = null!;
    private EventViews _views = null!;

    protected abstract IEventLog OpenLog();

    protected virtual int Histories => 10;

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

    [Test]
    public async Task Differences_equal_those_by_hand_at_random_points()
    {
        var seed = Random.Shared.Next();
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var states = await FillAsync(random, 120);
        for (var i = 0; i < Histories; i++)
        {
            var (from, to) = (random.Next(states.Count), random.Next(states.Count));
            var expected = states[from].Keys.Union(states[to].Keys).Order(StringComparer.Ordinal)
                .Select(key => (Key: key, Before: states[from].GetValueOrDefault(key), After: states[to].GetValueOrDefault(key))).Where(d => d.Before != d.After);
            var found = await DifferAsync<OrderRow>(Position(from), Position(to));
            found.Where(d => d.Before == d.After).Should().BeEmpty();
            // An order that was placed again differs by its time, which the fold by hand does not have.
            found.Select(d => (d.Key, Before: Of(d.Before), After: Of(d.After))).Where(d => d.Before != d.After).Should().Equal(expected, "between {0} and {1}", from, to);
        }

        Builds().Should().BeEmpty();
    }

    [Test]
    public async Task The_view_serves_and_advances_while_differences_are_read()
    {
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 10)]);
        await _views.StartAsync();
        await _views.CatchUpAsync();
        var before = Builds();
        await foreach (var difference in _views.DifferenceAsync<OrderRow>(default, AsOf.Head))
        {
            difference.Key.Should().Be("1");
            var more = await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Settled(4)]);
            (await _views.View<OrderRow>().At(more.LastPosition).FindAsync("1"))!.Paid.Should().Be(4);
            difference.After!.Paid.Should().Be(0);
        }

        Builds().Should().Equal(before);
        await _views.RebuildAsync("orders");
        (await _views.VerifyAsync("orders")).Difference.Should().BeNull();
    }

    [Test]
    public async Task A_sequence_that_is_left_removes_its_place_and_ends_its_lease()
    {
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 10)]);
        await _store.AppendAsync("order-2", ExpectedVersion.Any, [new Placed("bob", 10)]);
        await foreach (var _ in _views.DifferenceAsync<OrderRow>(default, AsOf.Head)) break;
        Builds().Should().BeEmpty();
        await _views.RebuildAsync("orders").WaitAsync(Signal.Patience);
    }

    [Test]
    public async Task Points_that_cannot_be_are_refused()
    {
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 10)]);
        await Refused<PositionOutOfRangeException>(default, Position(2));
        await Refused<ArgumentException>(default, AsOf.Version(1));
        FluentActions.Invoking(() => _views.DifferenceAsync<OrderRow>(default, AsOf.Head, "none")).Should().Throw<ArgumentException>();
        (await DifferAsync<OrderRow>(AsOf.Head, AsOf.Head)).Should().BeEmpty();
    }

    [Test]
    public async Task A_handler_that_fails_ends_it_and_leaves_no_place()
    {
        await using var views = new EventViews(_store, [new ItemCounts(2, failsAtZero: true)]);
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1), new Added("a", 0)]);
        var reading = async () => await views.DifferenceAsync<Counted>(default, AsOf.Head).ToListAsync();
        (await reading.Should().ThrowAsync<ViewException>()).Which.Position.Should().Be(GlobalPosition.FromInt64(2));
        Builds().Should().BeEmpty();
        (await views.DifferenceAsync<Counted>(default, Position(1)).ToListAsync()).Should().ContainSingle();
    }

    [Test]
    public async Task Cancellation_ends_it_and_leaves_no_place()
    {
        for (var i = 0; i < 3; i++) await _store.AppendAsync($"order-{i}", ExpectedVersion.Any, [new Placed("ann", 10)]);
        using var cancel = new CancellationTokenSource();
        var reading = async () =>
        {
            await foreach (var _ in _views.DifferenceAsync<OrderRow>(default, AsOf.Head, cancellationToken: cancel.Token)) await cancel.CancelAsync();
        };
        await reading.Should().ThrowAsync<OperationCanceledException>();
        Builds().Should().BeEmpty();
    }

    private static AsOf Position(long number) => AsOf.Position(GlobalPosition.FromInt64(number));

    private static (string, decimal, decimal)? Of(OrderRow? row) => row is null ? null : (row.Customer, row.Total, row.Paid);

    private IReadOnlyList<ViewBuildId> Builds() => _store.Log.Find<IViewStorage>()!.FindBuilds();

    private async Task<List<RowDifference<TRow>>> DifferAsync<TRow>(AsOf before, AsOf after) where TRow : class => await _views.DifferenceAsync<TRow>(before, after).ToListAsync();

    private Task<FluentAssertions.Specialized.ExceptionAssertions<T>> Refused<T>(AsOf before, AsOf after) where T : Exception => FluentActions.Awaiting(() => DifferAsync<OrderRow>(before, after)).Should().ThrowAsync<T>();

    /// <summary>Appends random events; gives the orders after each of them, the first one those of the empty log.</summary>
    private async Task<List<Dictionary<string, (string, decimal, decimal)?>>> FillAsync(Random random, int count)
    {
        var states = new List<Dictionary<string, (string Customer, decimal Total, decimal Paid)?>> { new() };
        while (states.Count <= count)
        {
            var (orders, id, to) = (new Dictionary<string, (string Customer, decimal Total, decimal Paid)?>(states[^1]), $"{random.Next(6)}", $"c{random.Next(3)}");
            var exists = orders.TryGetValue(id, out var order);
            object? e = null;
            switch (random.Next(4))
            {
                case 0:
                    (e, orders[id]) = (new Placed(to, 10), (to, 10m, 0m));
                    break;
                case 1 when exists:
                    (e, orders[id]) = (new Settled(2), order!.Value with { Paid = order.Value.Paid + 2 });
                    break;
                case 2 when exists:
                    e = new Settled(-1);
                    orders.Remove(id);
                    break;
                case 3:
                    e = new Renamed("c0", to);
                    foreach (var key in orders.Where(o => o.Value!.Value.Customer == "c0").Select(o => o.Key).ToList()) orders[key] = orders[key]!.Value with { Customer = to };
                    break;
            }

            if (e is null) continue;
            await _store.AppendAsync($"order-{id}", ExpectedVersion.Any, [e]);
            states.Add(orders);
        }

        return [.. states.Select(s => s.ToDictionary(o => o.Key, o => ((string, decimal, decimal)?)o.Value))];
    }
}
