using EventSourcing;
using Orders.Domain.Sales;
using Orders.Views;
using static Orders.Tests.Views.TestShop;

namespace Orders.Tests.Views;

/// <summary>The set of the sales report: what each type of event changes.</summary>
[TestFixture]
public sealed class SalesViewTests
{
    // Lines of three products to two countries, two customers and on two days.
    private static readonly OrderLine[] s_lines =
        [Line("A", 2, 1.5m), Line("B", 1, 4m), Line("A", 1, 10m) with { Country = "Spain", CustomerId = "d", SoldAt = Noon.AddDays(1) }];

    private static async Task<TRow?> RowAsync<TRow>(string key, params object[] events) where TRow : class
    {
        await using var shop = await OfAsync([.. events.Select(e => ("order-1", e))]);
        return await shop.FindAsync<TRow>(key);
    }

    private static async Task<CountrySales> CountryAsync(string country, params object[] events) => CountrySales.Of((await RowAsync(SalesByCountry.TallyName, country, events))!);

    private static async Task<DaySales> DayAsync(string day, params object[] events) => DaySales.Of((await RowAsync(SalesByDay.TallyName, day, events))!);

    private static async Task<TallyRow?> RowAsync(string tally, string key, object[] events)
    {
        await using var shop = await OfAsync([.. events.Select(e => ("order-1", e))]);
        return await shop.View<TallyRow>(tally).FindAsync(key);
    }

    private static object[] Every() =>
        [Created("c", s_lines), Updated("c", s_lines, [Line("A", 1, 1m)]), new DocumentContinued("c", "France", s_lines), Credited("c", Line("A", -1, 2m)), Adjusted("c", Line("B", 1, -7m))];

    [TestCase(0, 7)]
    [TestCase(1, 6)]
    [TestCase(2, 7)]
    [TestCase(3, -2)]
    [TestCase(4, -7)]
    public async Task Each_event_adds_to_its_country(int e, decimal value) => (await CountryAsync("France", Every()[e])).Should().Be(new CountrySales("France", value));

    [TestCase(0, 7)]
    [TestCase(1, 6)]
    [TestCase(2, 7)]
    [TestCase(3, -2)]
    [TestCase(4, -7)]
    public async Task Each_event_adds_to_its_day(int e, decimal value) => (await DayAsync("2026-01-02", Every()[e])).Should().Be(new DaySales(new(2026, 1, 2), value));

    [TestCase(0, 3, 13)]
    [TestCase(1, 2, 12)]
    [TestCase(2, 3, 13)]
    [TestCase(3, -1, -2)]
    public async Task Each_event_adds_to_its_products(int e, long quantity, decimal value) => (await RowAsync<ProductSales>("A", Every()[e])).Should().Be(new ProductSales("A", quantity, value));

    [Test]
    public async Task An_adjustment_adds_to_its_product() => (await RowAsync<ProductSales>("B", Every()[4])).Should().Be(new ProductSales("B", 1, -7m));

    [TestCase(0, 1, 7)]
    [TestCase(1, 0, 6)]
    [TestCase(2, 0, 7)]
    [TestCase(3, 0, -2)]
    [TestCase(4, 0, -7)]
    public async Task Each_event_adds_to_its_customer(int e, int orders, decimal value) => (await RowAsync<CustomerRow>("c", Every()[e])).Should().Be(new CustomerRow("c", "France", orders, value));

    [Test]
    public async Task A_line_counts_for_its_own_country_day_and_customer()
    {
        (await CountryAsync("Spain", Every()[0])).Should().Be(new CountrySales("Spain", 10m));
        (await DayAsync("2026-01-03", Every()[0])).Should().Be(new DaySales(new(2026, 1, 3), 10m));
        (await RowAsync<CustomerRow>("d", Every()[0])).Should().Be(new CustomerRow("d", "Spain", 1, 10m));
    }

    [Test]
    public async Task Documents_add_up_over_events()
    {
        (await CountryAsync("France", Every())).Should().Be(new CountrySales("France", 11m));
        (await DayAsync("2026-01-02", Every())).Should().Be(new DaySales(new(2026, 1, 2), 11m));
        (await RowAsync<ProductSales>("A", Every())).Should().Be(new ProductSales("A", 7, 36m));
        (await RowAsync<CustomerRow>("c", [.. Every(), Created("c", s_lines)])).Should().Be(new CustomerRow("c", "France", 2, 18m));
    }

    [TestCase(0, 3, 1, 0, 0, 17)]
    [TestCase(1, 2, 0, 0, 0, 16)]
    [TestCase(2, 3, 0, 0, 0, 17)]
    [TestCase(3, 1, 0, 1, 0, -2)]
    [TestCase(4, 1, 0, 0, 1, -7)]
    public async Task Each_event_adds_to_the_totals(int e, long lines, int orders, int creditNotes, int adjustments, decimal value) =>
        (await RowAsync<TotalsRow>("all", Every()[e])).Should().Be(new TotalsRow(lines, orders, creditNotes, adjustments, value));

    [Test]
    public async Task Totals_add_up_over_events() => (await RowAsync<TotalsRow>("all", [.. Every(), .. Every()])).Should().Be(new TotalsRow(20, 2, 2, 2, 82m));

    [Test]
    public async Task A_buyer_counts_once_and_only_with_an_order()
    {
        (await RowAsync<Buyers>("all", Created("c", s_lines), Created("c", s_lines), Created("e", s_lines))).Should().Be(new Buyers(3));
        (await RowAsync<Buyers>("all", Every()[1..])).Should().BeNull();
    }

    [Test]
    public async Task A_customer_with_a_credit_note_before_the_first_order_is_a_buyer() => (await RowAsync<Buyers>("all", Credited("c"), Every()[3], Every()[0])).Should().Be(new Buyers(2));

    [Test]
    public async Task Rows_are_found_and_ordered_by_their_numbers()
    {
        await using var shop = await OfAsync(("order-1", Created("c", Line("many", 9, 1m), Line("dear", 1, 100m))), ("order-2", Created("d", Line("one", 1, 1m)) with { Country = "Spain" }));
        (await shop.View<ProductSales>().OrderByDescending("quantity").PageAsync(1)).Rows.Single().StockCode.Should().Be("many");
        (await shop.View<ProductSales>().OrderByDescending("netValue").PageAsync(1)).Rows.Single().StockCode.Should().Be("dear");
        (await shop.View<CustomerRow>().OrderBy("netValue").PageAsync(1)).Rows.Single().CustomerId.Should().Be("d");
        (await shop.View<CustomerRow>().Where("country", "Spain").PageAsync(10)).Rows.Single().CustomerId.Should().Be("d");
        CountrySales.Of((await shop.View<TallyRow>(SalesByCountry.TallyName).OrderBy(LineTally.NetValue).PageAsync(1)).Rows.Single()).Country.Should().Be("Spain");
        (await shop.View<TallyRow>(SalesByDay.TallyName).Where(SalesByDay.Day, new DateOnly(2026, 1, 2)).CountAsync()).Should().Be(1);
    }
}
