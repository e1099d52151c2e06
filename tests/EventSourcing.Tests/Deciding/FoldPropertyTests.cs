using CsCheck;
using NUnit.Framework;

namespace EventSourcing.Tests.Deciding;

public class FoldPropertyTests
{
    private static readonly Gen<object> Events = Gen.OneOf<object>(
        Gen.Decimal[0, 1000].Select(total => (object)new OrderCreated("ann", total)),
        Gen.Decimal[0, 1000].Select(amount => (object)new OrderPaid(amount)),
        Gen.Int[0, 9].Select(quantity => (object)new ItemAdded("84077", quantity)));

    [Test]
    public Task Fold_of_all_is_the_fold_of_a_prefix_and_then_of_the_tail() =>
        Gen.Select(Events.Array[1, 40], Gen.Int[0, 40]).SampleAsync(async (events, cut) =>
        {
            cut = Math.Min(cut, events.Length);
            await using var store = new EventStore(new InMemoryEventLog(), Shop.Types);
            await store.AppendAsync("order-1", ExpectedVersion.NoStream, events);
            var whole = await store.LoadAsync<Order>("order-1");
            var prefix = await store.LoadAsync<Order>("order-1", cut);
            var tail = await store.FoldStreamAsync("order-1", () => prefix.State, (order, e) => order.Apply(e), prefix.StreamVersion);
            var byHand = events.Aggregate(Order.Create(), (order, e) => order.Apply(e));
            var byQuery = await store.FoldAsync(EventQuery.All, () => Order.Create(), (order, e) => order.Apply(e));
            return tail.State == whole.State && tail.StreamVersion == whole.StreamVersion && prefix.EventsRead + tail.EventsRead == whole.EventsRead
                && whole.State == byHand && byQuery.State == byHand && byQuery.EventsRead == events.Length && byQuery.StreamVersion == 0 && prefix.StreamVersion == cut;
        }, iter: 200);

    [Test]
    public Task Aggregate_loaded_is_the_aggregate_saved() =>
        Gen.Int[0, 1].Array[1, 10].SampleAsync(async quantities =>
        {
            await using var store = new EventStore(new InMemoryEventLog(), Shop.Types);
            var carts = store.GetRepository<Cart>();
            var cart = new Cart();
            foreach (var quantity in quantities)
            {
                cart.Add("84077", quantity);
                await carts.SaveAsync("cart-1", cart);
            }

            var loaded = await carts.LoadAsync("cart-1");
            return loaded.Items == cart.Items && loaded.Version == cart.Version && loaded.Raised.Count == 0;
        }, iter: 200);
}
