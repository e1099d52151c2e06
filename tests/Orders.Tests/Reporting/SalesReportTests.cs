using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;
using Orders.Reporting;
using Orders.Views;

namespace Orders.Tests.Reporting;

[TestFixture(false, TestName = "Sales report from the log")]
[TestFixture(true, TestName = "Sales report from views")]
public sealed class SalesReportTests(bool fromViews)
{
    private static readonly DateTimeOffset s_noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private async Task<SalesReport> ReportAsync(params object[] events)
    {
        await using var store = new EventStore(new InMemoryEventLog(), ShopEvents.Types);
        if (events.Length > 0) await store.AppendAsync("sales", ExpectedVersion.Any, events);
        if (!fromViews) return await SalesReport.OfAsync(store);
        await using var views = ShopViews.On(store);
        await views.CatchUpAsync();
        return await ViewReport.OfAsync(views);
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
              "buyers": 0,
              "products": 0,
              "netValue": 0,
              "byCountry": [],
              "byDay": [],
              "topProducts": [],
              "topCustomers": [],
              "mostReturned": []
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
    public async Task Days_are_those_of_the_lines_and_in_order()
    {
        var late = new OrderLine("A", "", 1, 2m) { SoldAt = s_noon.AddDays(1) };
        var early = new OrderLine("A", "", 1, 3m) { SoldAt = s_noon.AddDays(-1) };
        (await ReportAsync(new EventData(Sold(null, "X", late, new OrderLine("A", "", 1, 1m), early)).At(s_noon)))
            .ByDay.Should().Equal(new DaySales(new(2026, 1, 1), 3m), new DaySales(new(2026, 1, 2), 1m), new DaySales(new(2026, 1, 3), 2m));
    }

    [Test]
    public async Task Buyers_have_placed_an_order() =>
        (await ReportAsync(
            Sold("a", "X", new OrderLine("A", "", 1, 1m)), Sold("a", "X", new OrderLine("A", "", 1, 1m), new OrderLine("A", "", 1, 1m) { CustomerId = "b" }),
            new CreditNoteIssued("C1", null, "c", "X", s_noon, 0m, [new("A", "", -1, 1m)]))).Should().Match<SalesReport>(r => r.Buyers == 2 && r.Customers == 3);

    [Test]
    public async Task Returned_goods_are_listed_by_their_number() =>
        (await ReportAsync(
            Sold(null, "X", new OrderLine("A", "", 5, 1m), new OrderLine("B", "", 5, 1m), new OrderLine("C", "", 5, 1m)),
            new CreditNoteIssued("C1", null, null, "X", s_noon, 0m, [new("A", "", -1, 1m), new("C", "", -2, 1m)])))
            .MostReturned.Should().Equal(new StockRow("C", 5, 2), new StockRow("A", 5, 1));

    [Test]
    public async Task A_cancelled_order_brings_its_goods_back_once() =>
        (await ReportAsync(
            Sold(null, "X", new OrderLine("A", "", 5, 1m), new OrderLine("A", "", 1, 1m)), new OrderUpdated(null, "X", 0m, [new("B", "", 2, 1m)], [new("A", "", 1, 1m)]),
            new DocumentContinued(null, "X", [new("A", "", 1, 1m)]), new OrderCancelled(""), new OrderCancelled("")))
            .MostReturned.Should().Equal(new StockRow("A", 7, 7), new StockRow("B", 2, 2));

    [Test]
    public async Task What_other_programs_leave_out_stops_no_report() =>
        (await ReportAsync(new OrderCreated(null!, null, null!, default, 0m, [new(null!, null!, 1, 2m)]), new OrderUpdated(null, null!, 0m, null!, null!), new OrderCancelled(null!)))
            .Should().Match<SalesReport>(r => r.NetValue == 2m && r.ByCountry.Single().Country.Length == 0 && r.TopProducts.Single().StockCode.Length == 0);

    [Test]
    public async Task Lines_without_customer_belong_to_nobody() =>
        (await ReportAsync(Sold("c", "X", new OrderLine("A", "", 1, 1m), new OrderLine("A", "", 1, 1m) { CustomerId = "" }))).TopCustomers.Should().Equal(new CustomerSales("c", 1m));

    [Test]
    public async Task A_line_counts_for_its_own_country() =>
        (await ReportAsync(Sold("c", "X", new OrderLine("A", "", 1, 1m) { Country = "Y" }))).ByCountry.Should().Equal(new CountrySales("Y", 1m));
}
