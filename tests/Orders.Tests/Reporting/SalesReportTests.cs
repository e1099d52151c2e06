using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;
using Orders.Reporting;

namespace Orders.Tests.Reporting;

[TestFixture]
public sealed class SalesReportTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private static async Task<SalesReport> ReportAsync(params object[] events)
    {
        await using var store = new EventStore(new InMemoryEventLog(), ShopEvents.Types);
        if (events.Length > 0) await store.AppendAsync("sales", ExpectedVersion.Any, events);
        return await SalesReport.OfAsync(store);
    }

    private static OrderCreated Sold(string? customer, string country, params OrderLine[] lines) => new("1", customer, country, s_noon, 0m, lines);

    [Test]
    public async Task An_empty_store_gives_zeros() =>
        (await ReportAsync()).ToJson().Should().Be("""
            {
              "lines": 0,
              "orders": 0,
              "creditNotes": 0,
              "adjustments": 0,
              "customers": 0,
              "products": 0,
              "netValue": 0,
              "byCountry": [],
              "topProducts": [],
              "topCustomers": []
            }
            """.ReplaceLineEndings("\n"));

    [TestCase("2.50", "2.5")]
    [TestCase("2.000", "2")]
    [TestCase("0.00", "0")]
    [TestCase("100", "100")]
    [TestCase("5761931.382000", "5761931.382")]
    public async Task Equal_values_print_equally_whatever_their_scale(string price, string printed) =>
        (await ReportAsync(Sold(null, "X", new OrderLine("A", "", 1, decimal.Parse(price, System.Globalization.CultureInfo.InvariantCulture))))).ToJson().Should().Contain($"\"netValue\": {printed},");

    [Test]
    public async Task Documents_are_counted_by_kind()
    {
        var report = await ReportAsync(
            Sold(null, "X"), Sold(null, "X"), new CreditNoteIssued("C1", null, null, "X", s_noon, 0m, []), new AdjustmentBooked("A1", null, "X", s_noon, 0m, []));
        (report.Orders, report.CreditNotes, report.Adjustments).Should().Be((2, 1, 1));
    }

    [Test]
    public async Task Credit_notes_are_subtracted() =>
        (await ReportAsync(Sold(null, "X", new OrderLine("A", "", 3, 2.5m)), new CreditNoteIssued("C1", null, null, "X", s_noon, 0m, [new("A", "", -1, 2.5m)])))
            .NetValue.Should().Be(5m);

    [Test]
    public async Task Removed_lines_do_not_count() =>
        (await ReportAsync(Sold(null, "X", new OrderLine("A", "", 3, 2.5m)), new OrderUpdated(null, "X", 1m, [new("B", "", 1, 1m)], [new("A", "", 3, 2.5m)])))
            .NetValue.Should().Be(1m);

    [Test]
    public async Task Lines_of_a_continued_document_count() =>
        (await ReportAsync(Sold("c", "X", new OrderLine("A", "", 1, 1m)), new DocumentContinued("c", "X", [new("A", "", 1, 1m)]))).TopCustomers.Should().Equal(new CustomerSales("c", 2m));

    [Test]
    public async Task Stock_codes_are_compared_by_ordinal() =>
        (await ReportAsync(Sold(null, "X", new OrderLine("a", "", 1, 1m), new OrderLine("A", "", 1, 1m)))).Products.Should().Be(2);

    [Test]
    public async Task Countries_are_ordered_by_name() =>
        (await ReportAsync(Sold(null, "b"), Sold(null, "b", new OrderLine("A", "", 1, 1m)), Sold(null, "C", new OrderLine("A", "", 1, 9m)), Sold(null, "a", new OrderLine("A", "", 1, 1m))))
            .ByCountry.Select(c => c.Country).Should().Equal("C", "a", "b");

    [Test]
    public async Task Ties_go_to_the_lower_code()
    {
        var lines = Enumerable.Range(0, 12).Reverse().Select(i => new OrderLine($"P{i:D2}", "", i == 11 ? 2 : 1, 1m)).ToArray();
        (await ReportAsync(Sold(null, "X", lines))).TopProducts.Select(p => p.StockCode)
            .Should().Equal("P11", "P00", "P01", "P02", "P03", "P04", "P05", "P06", "P07", "P08");
    }

    [Test]
    public async Task Lines_without_customer_belong_to_nobody() =>
        (await ReportAsync(Sold("c", "X", new OrderLine("A", "", 1, 1m), new OrderLine("A", "", 1, 1m) { CustomerId = "" }))).TopCustomers.Should().Equal(new CustomerSales("c", 1m));

    [Test]
    public async Task A_line_counts_for_its_own_country() =>
        (await ReportAsync(Sold("c", "X", new OrderLine("A", "", 1, 1m) { Country = "Y" }))).ByCountry.Should().Equal(new CountrySales("Y", 1m));
}
