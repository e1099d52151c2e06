using CsCheck;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Random histories, restarts, rebuilds and failures: every view equals a fold by hand.</summary>
public abstract class ViewPropertyTests
{
    private enum Action
    {
        Place,
        Settle,
        Cancel,
        Rename,
        Add,
        Restart,
        Rebuild,
        CatchUp,
        Read,
    }

    private static readonly Gen<(Action Action, int Order, int Customer, int Other)[]> s_history =
        Gen.Select(Gen.Frequency((8, Gen.Const(Action.Place)), (6, Gen.Const(Action.Settle)), (2, Gen.Const(Action.Cancel)), (3, Gen.Const(Action.Rename)), (3, Gen.Const(Action.Add)),
            (1, Gen.Const(Action.Restart)), (1, Gen.Const(Action.Rebuild)), (2, Gen.Const(Action.CatchUp)), (3, Gen.Const(Action.Read))), Gen.Int[0, 5], Gen.Int[0, 2], Gen.Int[0, 2]).Array[1, 60];

    protected abstract IEventLog OpenLog();

    protected virtual int Histories => 100;

    protected virtual void CloseLog()
    {
    }

    [Test]
    public void View_equals_a_fold_by_hand() => Gen.Select(s_history, Gen.Int[1, 7]).Sample((history, writeEvery) => RunAsync(history, writeEvery).GetAwaiter().GetResult(), iter: Histories, threads: 1);

    private async Task RunAsync((Action Action, int Order, int Customer, int Other)[] history, int writeEvery)
    {
        await using var store = new EventStore(OpenLog(), ViewShop.Types);
        var views = Open();
        var model = new Model();
        try
        {
            await views.StartAsync();
            foreach (var (action, order, customer, other) in history)
            {
                if (action == Action.Restart)
                {
                    await views.DisposeAsync();
                    views = Open();
                    if (other > 0) await views.StartAsync();
                }
                else if (action == Action.Rebuild) await views.RebuildAsync("orders");
                else if (action == Action.CatchUp) await views.CatchUpAsync();
                else if (action == Action.Read)
                {
                    if (views.Sets.Count > 0 && (await views.GetStatusAsync())[0].State is not null) await CompareAsync(views, model, await store.GetHeadAsync());
                }
                else if (model.TryApply(action, order, customer, other, out var e)) await store.AppendAsync(action == Action.Add ? "cart-1" : $"order-{order}", ExpectedVersion.Any, [e]);
            }

            await views.CatchUpAsync();
            await CompareAsync(views, model, await store.GetHeadAsync());
            (await views.VerifyAsync("orders")).Difference.Should().BeNull();
            (await views.VerifyAsync("item-counts")).Difference.Should().BeNull();
        }
        finally
        {
            await views.DisposeAsync();
            await store.DisposeAsync();
            CloseLog();
        }

        EventViews Open() => new(store, [ViewShop.Orders(), new ItemCounts()], new() { WriteEvery = writeEvery });
    }

    private static async Task CompareAsync(EventViews views, Model model, GlobalPosition head)
    {
        using var snapshot = await views.OpenSnapshotAsync("orders", head);
        var orders = new List<(string, string, decimal, decimal)>();
        await foreach (var row in snapshot.View<OrderRow>().All.ReadAsync()) orders.Add((row.Id, row.Customer, row.Total, row.Paid));
        orders.Should().Equal(model.Orders.OrderBy(o => o.Key).Select(o => (o.Key, o.Value.Customer, o.Value.Total, o.Value.Paid)));
        foreach (var customer in model.Orders.Values.Select(o => o.Customer).Distinct())
            (await snapshot.View<OrderRow>().Where("customer", customer).CountAsync()).Should().Be(model.Orders.Values.Count(o => o.Customer == customer));
        foreach (var (customer, count) in model.Placed) (await snapshot.View<CustomerCard>().FindAsync(customer))!.Orders.Should().Be(count);
        if (model.Added > 0) (await views.View<Counted>().At(head).FindAsync("a"))!.Count.Should().Be(model.Added);
    }

    private sealed class Model
    {
        internal Dictionary<string, (string Customer, decimal Total, decimal Paid)> Orders { get; } = [];

        internal Dictionary<string, int> Placed { get; } = [];

        internal int Added { get; private set; }

        internal bool TryApply(Action action, int order, int customer, int other, out object e)
        {
            var (id, name, to) = ($"{order}", $"c{customer}", $"c{other}");
            e = action switch
            {
                Action.Place => new Placed(name, order + 1),
                Action.Settle => new Settled(customer + 1),
                Action.Cancel => new Settled(-1),
                Action.Rename => new Renamed(name, to),
                _ => new Added("a", other),
            };
            switch (action)
            {
                case Action.Place:
                    Orders[id] = (name, order + 1, 0);
                    Placed[name] = Placed.GetValueOrDefault(name) + 1;
                    return true;
                case Action.Settle when Orders.TryGetValue(id, out var found):
                    Orders[id] = found with { Paid = found.Paid + customer + 1 };
                    return true;
                case Action.Cancel:
                    return Orders.Remove(id);
                case Action.Rename:
                    foreach (var (key, value) in Orders.Where(o => o.Value.Customer == name).ToList()) Orders[key] = value with { Customer = to };
                    return true;
                case Action.Add:
                    Added += other;
                    return true;
                default:
                    return false;
            }
        }
    }
}
