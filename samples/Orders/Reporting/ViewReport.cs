using EventSourcing;
using Orders.Views;

namespace Orders.Reporting;

/// <summary>Answers the sales report from views: it reads a few hundred documents instead of the whole log.</summary>
public static class ViewReport
{
    /// <summary>Reads the report of one point in time.</summary>
    public static async Task<SalesReport> OfAsync(EventViews views, CancellationToken cancellationToken = default)
    {
        using var sales = await views.OpenSnapshotAsync(ShopViews.Sales, cancellationToken: cancellationToken);
        var (countries, days) = (sales.View<TallyRow>(SalesByCountry.TallyName), sales.View<TallyRow>(SalesByDay.TallyName));
        var (products, customers) = (sales.View<ProductSales>(), sales.View<CustomerRow>());
        var totals = await sales.View<TotalsRow>().FindAsync(ViewKey.All, cancellationToken) ?? TotalsRow.None;
        var buyers = await sales.View<Buyers>().FindAsync(ViewKey.All, cancellationToken);
        return new(
            totals.Lines, totals.Orders, totals.CreditNotes, totals.Adjustments,
            (int)await customers.All.CountAsync(cancellationToken), buyers?.Count ?? 0, (int)await products.All.CountAsync(cancellationToken), SalesTotals.Plain(totals.NetValue),
            [.. (await ListAsync(countries.All)).Select(CountrySales.Of).OrderBy(c => c.Country, StringComparer.Ordinal)],
            [.. (await ListAsync(days.OrderBy(SalesByDay.Day))).Select(DaySales.Of)],
            [.. (await TopAsync(products, "quantity", p => p.Quantity, p => p.StockCode)).Select(p => p with { NetValue = SalesTotals.Plain(p.NetValue) })],
            [.. (await TopAsync(customers, "netValue", c => c.NetValue, c => c.CustomerId)).Select(c => new CustomerSales(c.CustomerId, SalesTotals.Plain(c.NetValue)))],
            [.. (await TopAsync(sales.View<StockRow>(), "back", s => s.Back, s => s.StockCode)).Where(s => s.Back > 0)]);

        async Task<List<TRow>> ListAsync<TRow>(ViewQuery<TRow> query) where TRow : class => await query.ReadAsync(cancellationToken).ToListAsync(cancellationToken);

        // Of equal numbers the lower code comes first, and an index in descending order has it last: all rows that equal the last place are read.
        async Task<IEnumerable<TRow>> TopAsync<TRow>(IView<TRow> view, string index, Func<TRow, decimal> number, Func<TRow, string> code) where TRow : class
        {
            var first = (await view.OrderByDescending(index).PageAsync(SalesReport.Top, cancellationToken: cancellationToken)).Rows;
            return first.Count == 0 ? [] : SalesTotals.Top(await ListAsync(view.All.From(index, number(first[^1]))), number, code);
        }
    }
}
