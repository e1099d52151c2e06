using Orders.Domain.Sales;
using Orders.Views;
using static Orders.Tests.Views.TestShop;

namespace Orders.Tests.Views;

[TestFixture]
public sealed class StockMovementTests
{
    private static async Task<TestShop> ShopAsync(params (string, object)[] more) =>
        await OfAsync([("order-1", Created("c", Line("A", 5, 1m), Line("B", 1, 1m), Line("A", 2, 1m))), .. more]);

    private static async Task<StockRow?> RowAsync(string product, params (string, object)[] more)
    {
        await using var shop = await ShopAsync(more);
        return await shop.FindAsync<StockRow>(product);
    }

    [Test]
    public async Task An_order_takes_goods_out() => (await RowAsync("A")).Should().Be(new StockRow("A", 7, 0));

    [Test]
    public async Task A_credit_note_brings_goods_back() => (await RowAsync("A", ("creditnote-C1", Credited("c", Line("A", -3, 1m))))).Should().Be(new StockRow("A", 7, 3));

    [Test]
    public async Task An_update_moves_what_it_adds_and_what_it_takes_off() =>
        (await RowAsync("A", ("order-1", Updated("c", [Line("A", 4, 1m)], [Line("A", 5, 1m)])))).Should().Be(new StockRow("A", 11, 5));

    [Test]
    public async Task More_lines_take_more_goods_out() => (await RowAsync("A", ("order-1", new DocumentContinued("c", "France", [Line("A", 1, 1m)])))).Should().Be(new StockRow("A", 8, 0));

    [Test]
    public async Task An_adjustment_moves_no_goods() => (await RowAsync("A", ("adjustment-A1", Adjusted("c", Line("A", 1, -7m))))).Should().Be(new StockRow("A", 7, 0));

    [Test]
    public async Task A_cancelled_order_brings_back_what_it_had_in_the_end()
    {
        (string, object)[] more =
        [
            ("order-2", Created("c", Line("A", 100, 1m))), ("order-1", Updated("c", [Line("C", 1, 1m)], [Line("A", 2, 1m)])),
            ("order-1", new DocumentContinued("c", "France", [Line("B", 10, 1m)])), ("order-1", new OrderCancelled("")),
        ];
        (await RowAsync("A", more)).Should().Be(new StockRow("A", 107, 7));
        (await RowAsync("B", more)).Should().Be(new StockRow("B", 11, 11));
        (await RowAsync("C", more)).Should().Be(new StockRow("C", 1, 1));
    }

    [Test]
    public async Task A_second_cancellation_brings_nothing_back() =>
        (await RowAsync("A", ("order-1", new OrderCancelled("")), ("order-1", new OrderCancelled("")))).Should().Be(new StockRow("A", 7, 7));

    [Test]
    public async Task A_cancellation_of_no_order_moves_nothing() => (await RowAsync("A", ("createOrder-9", new OrderCancelled("")))).Should().Be(new StockRow("A", 7, 0));

    [Test]
    public async Task The_goods_of_an_order_are_kept_and_those_of_other_documents_are_not()
    {
        await using var shop = await ShopAsync(
            ("creditnote-C1", Credited("c", Line("A", -3, 1m))), ("creditnote-C1", new DocumentContinued("c", "France", [Line("A", -1, 1m)])), ("createOrder-9", Updated(null, [Line("A", 1, 1m)], [])));
        (await shop.View<GoodsRow>().All.CountAsync()).Should().Be(1);
        (await shop.FindAsync<GoodsRow>("order-1"))!.Quantities.Should().Equal(new Dictionary<string, long> { ["A"] = 7, ["B"] = 1 });
    }

    [Test]
    public async Task Products_are_found_by_what_moved()
    {
        await using var shop = await ShopAsync(("creditnote-C1", Credited("c", Line("B", -3, 1m))));
        (await shop.View<StockRow>().OrderByDescending("out").PageAsync(1)).Rows.Single().Should().Be(new StockRow("A", 7, 0));
        var most = (await shop.View<StockRow>().OrderByDescending("back").PageAsync(1)).Rows.Single();
        (most, most.Net).Should().Be((new StockRow("B", 1, 3), -2L));
    }
}
