using Orders.Domain.Sales;
using Orders.Views;
using static Orders.Tests.Views.TestShop;

namespace Orders.Tests.Views;

[TestFixture]
public sealed class OrderSummaryTests
{
    private static readonly SummaryRow s_created = new(OrderStatus.Created, 2, 7m, 0m, 0m, Noon);

    private static async Task<SummaryRow?> RowAsync(params object[] more)
    {
        await using var shop = await OfAsync([("order-1", Created("c", Line("A", 2, 1.5m), Line("B", 1, 4m))), .. more.Select(e => ("order-1", e))]);
        return await shop.FindAsync<SummaryRow>("order-1");
    }

    [Test]
    public async Task An_order_has_a_summary() => (await RowAsync()).Should().Be(s_created);

    [Test]
    public async Task More_lines_are_counted() => (await RowAsync(new DocumentContinued("c", "France", [Line("C", 1, 1m)]))).Should().Be(s_created with { Lines = 3 });

    [Test]
    public async Task An_update_changes_lines_and_total() => (await RowAsync(Updated("c", [Line("C", 1, 1m)], [Line("A", 2, 1.5m), Line("B", 1, 4m)]) with { TotalPrice = 1m })).Should().Be(s_created with { Lines = 1, Total = 1m });

    [Test]
    public async Task An_order_is_paid_with_the_rest()
    {
        (await RowAsync(new OrderPaid(3m))).Should().Be(s_created with { Paid = 3m });
        (await RowAsync(new OrderPaid(3m), new OrderPaid(4m))).Should().Be(s_created with { Paid = 7m, Status = OrderStatus.Paid });
    }

    [Test]
    public async Task An_order_is_shipped_or_cancelled()
    {
        (await RowAsync(new OrderShipped("T-1"))).Should().Be(s_created with { Status = OrderStatus.Shipped });
        (await RowAsync(new OrderCancelled(""))).Should().Be(s_created with { Status = OrderStatus.Cancelled });
    }

    [Test]
    public async Task Credits_and_refunds_are_returned() => (await RowAsync(new OrderCredited("C1", 0.5m), new OrderRefunded(2m))).Should().Be(s_created with { Returned = 2.5m });

    [Test]
    public async Task What_is_no_order_has_no_summary()
    {
        await using var shop = await OfAsync(("creditnote-C1", Credited("c", Line("A", -1, 1m))), ("creditnote-C1", new DocumentContinued("c", "France", [Line("A", -1, 1m)])), ("createOrder-9", new OrderCancelled("")));
        (await shop.View<SummaryRow>().All.CountAsync()).Should().Be(0);
    }
}
