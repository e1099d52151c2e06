using EventSourcing;
using Orders.Domain.Sales;
using Orders.Views;
using static Orders.Tests.Views.TestShop;

namespace Orders.Tests.Views;

[TestFixture]
public sealed class OrderListTests
{
    private static readonly OrderRow s_created = new("1", "c", "France", Noon, OrderStatus.Created, 3m);

    private static async Task<OrderRow?> RowAsync(params object[] more)
    {
        await using var shop = await OfAsync([("order-1", Created("c", Line("A", 2, 1.5m))), .. more.Select(e => ("order-1", e))]);
        return await shop.FindAsync<OrderRow>("order-1");
    }

    [Test]
    public async Task An_order_is_listed() => (await RowAsync()).Should().Be(s_created);

    [Test]
    public async Task An_update_changes_the_total() => (await RowAsync(Updated("c", [], []) with { TotalPrice = 7m })).Should().Be(s_created with { Total = 7m });

    [Test]
    public async Task A_payment_of_a_part_is_added() => (await RowAsync(new OrderPaid(1m), new OrderPaid(1.5m))).Should().Be(s_created with { Paid = 2.5m });

    [Test]
    public async Task An_order_is_paid_with_the_rest() => (await RowAsync(new OrderPaid(1m), new OrderPaid(2m))).Should().Be(s_created with { Paid = 3m, Status = OrderStatus.Paid });

    [Test]
    public async Task A_shipped_order_has_its_tracking_number() => (await RowAsync(new OrderShipped("T-1"))).Should().Be(s_created with { Status = OrderStatus.Shipped, TrackingNumber = "T-1" });

    [Test]
    public async Task A_cancelled_order_stays_in_the_list() => (await RowAsync(new OrderCancelled(""))).Should().Be(s_created with { Status = OrderStatus.Cancelled });

    [Test]
    public async Task Credits_and_refunds_are_returned() => (await RowAsync(new OrderCredited("C1", 0.5m), new OrderRefunded(2m), new OrderCredited("C2", 0.25m))).Should().Be(s_created with { Returned = 2.75m });

    [Test]
    public async Task An_update_or_a_cancellation_of_no_order_lists_nothing()
    {
        await using var shop = await OfAsync(("createOrder-9", Updated(null, [Line("A", 1, 1m)], [])), ("createOrder-9", new OrderCancelled("")));
        (await shop.View<OrderRow>().All.CountAsync()).Should().Be(0);
    }

    [Test]
    public async Task A_payment_of_no_order_pauses_the_view_and_is_named([Values] bool isPaid)
    {
        object[] events = isPaid ? [new OrderPaid(1m)] : [new OrderShipped("T-1")];
        var history = () => OfAsync([.. events.Select(e => ("order-9", e))]);
        (await history.Should().ThrowAsync<SubscriptionException>()).Which.InnerException.Should().BeOfType<ViewException>().Which.Message.Should().Contain("order-list").And.Contain("order-9");
    }

    [Test]
    public async Task Credits_and_refunds_of_no_order_pause_the_view([Values] bool isCredit)
    {
        object e = isCredit ? new OrderCredited("C1", 1m) : new OrderRefunded(1m);
        var history = () => OfAsync(("order-9", e));
        await history.Should().ThrowAsync<SubscriptionException>();
    }

    [Test]
    public async Task Orders_are_found_by_customer_country_and_status_and_ordered_by_time()
    {
        var late = Created("c", Line("A", 1, 1m)) with { OrderId = "a", CreatedAt = Noon.AddHours(1) };
        await using var shop = await OfAsync(
            ("order-1", late), ("order-2", late with { OrderId = "b", CreatedAt = Noon }), ("order-3", late with { OrderId = "other", CustomerId = "d", Country = "Spain" }), ("order-3", new OrderCancelled("")));
        (await IdsAsync("customer", "c")).Should().Equal("b", "a");
        (await IdsAsync("country", "Spain")).Should().Equal("other");
        (await IdsAsync("status", "Cancelled")).Should().Equal("other");

        async Task<List<string>> IdsAsync(string index, string value) => await shop.View<OrderRow>().Where(index, value).OrderBy("created").ReadAsync().Select(o => o.OrderId).ToListAsync();
    }
}
