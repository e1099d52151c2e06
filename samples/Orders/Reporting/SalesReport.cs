using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing;
using Orders.Domain.Sales;
using Orders.Views;

namespace Orders.Reporting;

/// <summary>The net value of a customer.</summary>
public sealed record CustomerSales(string CustomerId, decimal NetValue);

/// <summary>Sales in numbers, over every line stored. Decimals have no trailing zeros, so equal sales print equally.</summary>
public sealed record SalesReport(
    long Lines, int Orders, int CreditNotes, int Adjustments, int Customers, int Buyers, int Products, decimal NetValue, IReadOnlyList<CountrySales> ByCountry,
    IReadOnlyList<DaySales> ByDay, IReadOnlyList<ProductSales> TopProducts, IReadOnlyList<CustomerSales> TopCustomers, IReadOnlyList<StockRow> MostReturned)
{
    /// <summary>How many of the first are listed.</summary>
    internal const int Top = 10;

    /// <summary>Replays the sales in a store. Events of other types are not read, known or not.</summary>
    public static async Task<SalesReport> OfAsync(IEventStore store, CancellationToken cancellationToken = default)
    {
        var sales = EventQuery.Of(typeof(OrderCreated), typeof(OrderUpdated), typeof(OrderCancelled), typeof(CreditNoteIssued), typeof(AdjustmentBooked), typeof(DocumentContinued));
        var totals = new SalesTotals();
        await foreach (var e in store.ReadAllAsync(sales, cancellationToken: cancellationToken)) totals.Add(e);
        return totals.ToReport();
    }

    /// <summary>The report as JSON, one line per entry.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.SalesReport);

    /// <summary>The report for people.</summary>
    public string ToText()
    {
        var text = new StringBuilder()
            .AppendLine($"lines         {Lines,14:N0}")
            .AppendLine($"orders        {Orders,14:N0}")
            .AppendLine($"credit notes  {CreditNotes,14:N0}")
            .AppendLine($"adjustments   {Adjustments,14:N0}")
            .AppendLine($"customers     {Customers,14:N0}")
            .AppendLine($"buyers        {Buyers,14:N0}")
            .AppendLine($"products      {Products,14:N0}")
            .AppendLine($"net value     {NetValue,14:#,0.######}");
        Section("net value by country", ByCountry.Select(c => ($"{c.NetValue:#,0.######}", c.Country)));
        Section("most sold products", TopProducts.Select(p => ($"{p.Quantity:N0}", p.StockCode)));
        Section("best customers", TopCustomers.Select(c => ($"{c.NetValue:#,0.######}", c.CustomerId)));
        Section("most returned products", MostReturned.Select(s => ($"{s.Back:N0} of {s.Out:N0}", s.StockCode)));
        if (DayChart.Of(ByDay) is { } chart) text.AppendLine().AppendLine("net value by day").Append(chart);
        return text.ToString().TrimEnd();

        void Section(string title, IEnumerable<(string Number, string Name)> rows)
        {
            text.AppendLine().AppendLine(title);
            foreach (var (number, name) in rows) text.AppendLine($"  {number,16}  {name}");
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(SalesReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
