using Orders.Domain.Sales;
using Orders.Views;
using static Orders.Tests.Views.TestShop;

namespace Orders.Tests.Views;

[TestFixture]
public sealed class CustomerHistoryTests
{
    private static readonly HistoryRow s_order = new("c", "order-1", Noon, 2, 5m);

    private static async Task<HistoryRow?> RowAsync(string key, params (string Stream, object Event)[] more)
    {
        await using var shop = await OfAsync([("order-1", Created("c", Line("A", 1, 2m), Line("B", 1, 3m), Line("A", 1, 1m) with { CustomerId = "d" })), .. more]);
        return await shop.FindAsync<HistoryRow>(key);
    }

    [Test]
    public async Task An_order_is_an_entry_of_its_customer() => (await RowAsync("c/order-1")).Should().Be(s_order);

    [Test]
    public async Task A_line_for_another_customer_is_an_entry_of_that_one() => (await RowAsync("d/order-1")).Should().Be(new HistoryRow("d", "order-1", Noon, 1, 1m));

    [Test]
    public async Task An_update_changes_the_entry() =>
        (await RowAsync("c/order-1", ("order-1", Updated("c", [Line("C", 1, 10m)], [Line("A", 1, 2m)])))).Should().Be(s_order with { Lines = 2, Value = 13m });

    [Test]
    public async Task More_lines_belong_to_the_entry() =>
        (await RowAsync("c/order-1", ("order-1", new DocumentContinued("c", "France", [Line("C", 2, 1m)])))).Should().Be(s_order with { Lines = 3, Value = 7m });

    [Test]
    public async Task A_credit_note_is_an_entry() => (await RowAsync("c/creditnote-C1", ("creditnote-C1", Credited("c", Line("A", -1, 2m))))).Should().Be(new HistoryRow("c", "creditnote-C1", Noon, 1, -2m));

    [Test]
    public async Task An_adjustment_is_an_entry() => (await RowAsync("c/adjustment-A1", ("adjustment-A1", Adjusted("c", Line("B", 1, -7m))))).Should().Be(new HistoryRow("c", "adjustment-A1", Noon, 1, -7m));

    [Test]
    public async Task A_cancellation_marks_every_entry_of_its_order_and_no_other([Values("c", "d")] string customer)
    {
        (string, object)[] more = [("order-2", Created(customer, Line("A", 1, 1m))), ("order-1", new OrderCancelled(""))];
        (await RowAsync($"{customer}/order-1", more))!.IsCancelled.Should().BeTrue();
        (await RowAsync($"{customer}/order-2", more))!.IsCancelled.Should().BeFalse();
    }

    [Test]
    public async Task Sales_to_nobody_known_are_in_no_history()
    {
        await using var shop = await OfAsync(("order-1", Created(null, Line("A", 1, 1m))), ("order-2", Created("", Line("A", 1, 1m))));
        (await shop.View<HistoryRow>().All.CountAsync()).Should().Be(0);
    }

    [Test]
    public async Task A_history_is_read_in_order_of_time()
    {
        var line = Line("A", 1, 1m);
        await using var shop = await OfAsync(("order-2", Created("c", line)), ("order-1", Created("c", line)), ("order-3", Created("d", line)));
        var page = await shop.View<HistoryRow>().Where("customer", "c").OrderBy("at").PageAsync(1);
        page.Rows.Single().Document.Should().Be("order-1");
        (await shop.View<HistoryRow>().Where("customer", "c").OrderBy("at").PageAsync(1, page.Next)).Rows.Single().Document.Should().Be("order-2");
    }
}
