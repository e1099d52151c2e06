using System.Globalization;
using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;
using Orders.Importing;
using Orders.Reporting;
using Orders.Views;

namespace Orders.Tests.Reporting;

/// <summary>Real sales, imported: views, replay and a computation over the file itself are equal to the last digit.</summary>
[TestFixture]
public sealed class RetailDataTests
{
    private List<RetailLine> _lines = null!;
    private EventStore _store = null!;
    private EventViews _views = null!;

    [OneTimeSetUp]
    public async Task Import()
    {
        var path = RetailData.FindPath();
        _lines = RetailData.Read(path);
        _store = new(new InMemoryEventLog(), ShopEvents.Types);
        _views = ShopViews.On(_store);
        using (var file = SalesFile.Open(path)) await new Importer(_store).RunAsync(file, SalesScan.Of(file));
        await _views.CatchUpAsync();
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (_views is not null) await _views.DisposeAsync();
        if (_store is not null) await _store.DisposeAsync();
    }

    [Test]
    public async Task The_report_from_views_is_that_of_the_file() => (await ViewReport.OfAsync(_views)).ToJson().Should().Be(Expected().ToJson());

    [Test]
    public async Task The_report_from_the_log_is_that_of_the_file() => (await SalesReport.OfAsync(_store)).ToJson().Should().Be(Expected().ToJson());

    [Test]
    public async Task Countries_are_those_of_the_file() =>
        (await RowsAsync<TallyRow>(SalesByCountry.TallyName)).Select(CountrySales.Of).Should().BeEquivalentTo(_lines.GroupBy(l => l.Country).Select(g => new CountrySales(g.Key, g.Sum(l => l.Value))));

    [Test]
    public async Task Days_are_those_of_the_file() =>
        (await RowsAsync<TallyRow>(SalesByDay.TallyName)).Select(DaySales.Of).Should().Equal(_lines.GroupBy(l => l.Day).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new DaySales(Day(g.Key), g.Sum(l => l.Value))));

    [Test]
    public async Task Products_are_those_of_the_file() =>
        ByKey(await RowsAsync<ProductSales>(), p => p.StockCode).Should().Equal(
            _lines.GroupBy(l => l.StockCode).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new ProductSales(g.Key, g.Sum(l => l.Quantity), g.Sum(l => l.Value))));

    [Test]
    public async Task Customers_are_those_of_the_file() =>
        ByKey(await RowsAsync<CustomerRow>(), c => c.CustomerId).Select(c => (c.CustomerId, c.Orders, c.NetValue)).Should().Equal(
            Known().GroupBy(l => l.Customer).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (g.Key, g.Where(l => l.IsOrder).Select(l => l.Invoice).Distinct().Count(), g.Sum(l => l.Value))));

    [Test]
    public async Task Buyers_are_those_of_the_file() =>
        (await _views.View<Buyers>().FindAsync(ViewKey.All))!.Count.Should().Be(Known().Where(l => l.IsOrder).Select(l => l.Customer).Distinct().Count());

    [Test]
    public async Task Stock_movement_is_that_of_the_file() => ByKey(await RowsAsync<StockRow>(), s => s.StockCode).Should().Equal(Stock().OrderBy(s => s.StockCode, StringComparer.Ordinal));

    [Test]
    public async Task Orders_are_those_of_the_file() =>
        ByKey(await RowsAsync<OrderRow>(), o => o.OrderId).Select(o => (o.OrderId, o.CustomerId ?? "", o.Country, o.Status, o.Total)).Should().Equal(
            _lines.Where(l => l.IsOrder).GroupBy(l => l.Invoice).OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => (g.Key, g.First().Customer, g.First().Country, OrderStatus.Created, g.Sum(l => l.Value))));

    [Test]
    public async Task Summaries_are_those_of_the_file() =>
        (await _views.View<SummaryRow>().All.CountAsync(), await _views.View<SummaryRow>().All.ReadAsync().Select(s => (s.Lines, s.Total)).AggregateAsync((0, 0m), (sum, s) => (sum.Item1 + s.Lines, sum.Item2 + s.Total)))
            .Should().Be((Invoices(char.IsAsciiDigit), (_lines.Count(l => l.IsOrder), _lines.Where(l => l.IsOrder).Sum(l => l.Value))));

    [Test]
    public async Task Histories_are_those_of_the_file() =>
        ByKey(await RowsAsync<HistoryRow>(), h => $"{h.CustomerId} {Streams.IdOf(h.Document)}").Select(h => (h.CustomerId, Streams.IdOf(h.Document), h.Lines, h.Value)).Should().Equal(
            Known().GroupBy(l => (l.Customer, l.Invoice)).OrderBy(g => $"{g.Key.Customer} {g.Key.Invoice}", StringComparer.Ordinal).Select(g => (g.Key.Customer, g.Key.Invoice, g.Count(), g.Sum(l => l.Value))));

    [Test]
    public async Task Views_are_verified([Values("order-list", "customer-history", "sales", "order-summary")] string set) => (await _views.VerifyAsync(set)).Difference.Should().BeNull();

    private SalesReport Expected() => new(
        _lines.Count, Invoices(char.IsAsciiDigit), Invoices(c => c == 'C'), Invoices(c => c == 'A'),
        Known().Select(l => l.Customer).Distinct().Count(), Known().Where(l => l.IsOrder).Select(l => l.Customer).Distinct().Count(), _lines.Select(l => l.StockCode).Distinct().Count(), Plain(_lines.Sum(l => l.Value)),
        [.. _lines.GroupBy(l => l.Country).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new CountrySales(g.Key, Plain(g.Sum(l => l.Value))))],
        [.. _lines.GroupBy(l => l.Day).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new DaySales(Day(g.Key), Plain(g.Sum(l => l.Value))))],
        [.. _lines.GroupBy(l => l.StockCode).Select(g => new ProductSales(g.Key, g.Sum(l => l.Quantity), Plain(g.Sum(l => l.Value)))).OrderByDescending(p => p.Quantity).ThenBy(p => p.StockCode, StringComparer.Ordinal).Take(10)],
        [.. Known().GroupBy(l => l.Customer).Select(g => new CustomerSales(g.Key, Plain(g.Sum(l => l.Value)))).OrderByDescending(c => c.NetValue).ThenBy(c => c.CustomerId, StringComparer.Ordinal).Take(10)],
        [.. Stock().OrderByDescending(s => s.Back).ThenBy(s => s.StockCode, StringComparer.Ordinal).Take(10)]);

    private IEnumerable<StockRow> Stock() => _lines.Where(l => l.Invoice[0] != 'A').GroupBy(l => l.StockCode)
        .Select(g => new StockRow(g.Key, g.Sum(l => Math.Max(0, l.Quantity)), g.Sum(l => Math.Max(0, -l.Quantity))));

    private IEnumerable<RetailLine> Known() => _lines.Where(l => l.Customer.Length > 0);

    private int Invoices(Func<char, bool> kind) => _lines.Where(l => kind(l.Invoice[0])).Select(l => l.Invoice).Distinct().Count();

    private async Task<List<TRow>> RowsAsync<TRow>(string? projection = null) where TRow : class => await _views.View<TRow>(projection).All.ReadAsync().ToListAsync();

    private static IEnumerable<TRow> ByKey<TRow>(IEnumerable<TRow> rows, Func<TRow, string> key) => rows.OrderBy(key, StringComparer.Ordinal);

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    // As the report prints: without trailing zeros.
    private static decimal Plain(decimal value) => decimal.Parse(value.ToString("0.############", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
