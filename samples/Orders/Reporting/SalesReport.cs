using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing;
using Orders.Domain.Sales;

namespace Orders.Reporting;

/// <summary>The net value of a country.</summary>
public sealed record CountrySales(string Country, decimal NetValue);

/// <summary>How often a product was sold.</summary>
public sealed record ProductSales(string StockCode, long Quantity);

/// <summary>The net value of a customer.</summary>
public sealed record CustomerSales(string CustomerId, decimal NetValue);

/// <summary>Sales in numbers, over every line stored. Decimals have no trailing zeros, so equal sales print equally.</summary>
public sealed record SalesReport(
    long Lines, int Orders, int CreditNotes, int Adjustments, int Customers, int Products, decimal NetValue,
    IReadOnlyList<CountrySales> ByCountry, IReadOnlyList<ProductSales> TopProducts, IReadOnlyList<CustomerSales> TopCustomers)
{
    /// <summary>Folds the sales in a store. Events of other types are not read, known or not.</summary>
    public static async Task<SalesReport> OfAsync(IEventStore store, CancellationToken cancellationToken = default)
    {
        var sales = EventQuery.Of(typeof(OrderCreated), typeof(OrderUpdated), typeof(CreditNoteIssued), typeof(AdjustmentBooked), typeof(DocumentContinued));
        var totals = await store.FoldAsync(sales, () => new SalesTotals(), (totals, e) => totals.Add((ISale)e), cancellationToken);
        return totals.State.ToReport();
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
            .AppendLine($"products      {Products,14:N0}")
            .AppendLine($"net value     {NetValue,14:#,0.######}");
        Section("net value by country", ByCountry.Select(c => ($"{c.NetValue:#,0.######}", c.Country)));
        Section("most sold products", TopProducts.Select(p => ($"{p.Quantity:N0}", p.StockCode)));
        Section("best customers", TopCustomers.Select(c => ($"{c.NetValue:#,0.######}", c.CustomerId)));
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
