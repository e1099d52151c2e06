using System.Runtime.InteropServices;
using EventSourcing;
using Orders.Domain.Sales;
using Orders.Views;

namespace Orders.Reporting;

/// <summary>Adds up sales. Changed in place: hundreds of thousands of lines need no copies.</summary>
internal sealed class SalesTotals
{
    private readonly Dictionary<string, decimal> _countries = new(StringComparer.Ordinal);
    private readonly Dictionary<DateOnly, decimal> _days = [];
    private readonly Dictionary<string, decimal> _customers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ProductSales> _products = new(StringComparer.Ordinal);
    private readonly HashSet<string> _buyers = new(StringComparer.Ordinal);
    private readonly StockTotals _stock = new();
    private long _lines;
    private int _orders;
    private int _creditNotes;
    private int _adjustments;
    private decimal _netValue;

    internal void Add(EventEnvelope e)
    {
        _stock.Add(e);
        if (e.Data is OrderCreated) _orders++;
        else if (e.Data is CreditNoteIssued) _creditNotes++;
        else if (e.Data is AdjustmentBooked) _adjustments++;
        if (e.Data is not ISale sale) return;
        foreach (var line in SoldLine.Of(sale))
        {
            Add(line, e);
            if (e.Data is OrderCreated && line.CustomerId is { } buyer) _buyers.Add(buyer);
        }
    }

    internal SalesReport ToReport() => new(
        _lines, _orders, _creditNotes, _adjustments, _customers.Count, _buyers.Count, _products.Count, Plain(_netValue),
        [.. _countries.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => new CountrySales(c.Key, Plain(c.Value)))],
        [.. _days.OrderBy(d => d.Key).Select(d => new DaySales(d.Key, Plain(d.Value)))],
        [.. Top(_products.Values, p => p.Quantity, p => p.StockCode).Select(p => p with { NetValue = Plain(p.NetValue) })],
        [.. Top(_customers, c => c.Value, c => c.Key).Select(c => new CustomerSales(c.Key, Plain(c.Value)))],
        [.. Top(_stock.Rows, s => s.Back, s => s.StockCode).Where(s => s.Back > 0)]);

    /// <summary>The first ten by a number; of equal ones, the lower code.</summary>
    internal static IEnumerable<T> Top<T>(IEnumerable<T> rows, Func<T, decimal> number, Func<T, string> code) =>
        rows.OrderByDescending(number).ThenBy(code, StringComparer.Ordinal).Take(SalesReport.Top);

    /// <summary>A division that changes no value but drops trailing zeros: 2.50 and 2.5 are one number and are to print as one.</summary>
    internal static decimal Plain(decimal value) => value / 1.0000000000000000000000000000m;

    private void Add(in SoldLine line, EventEnvelope e)
    {
        _lines += line.Count;
        _netValue += line.Value;
        CollectionsMarshal.GetValueRefOrAddDefault(_countries, line.Country, out _) += line.Value;
        CollectionsMarshal.GetValueRefOrAddDefault(_days, line.DayIn(e), out _) += line.Value;
        if (line.CustomerId is { } customer) CollectionsMarshal.GetValueRefOrAddDefault(_customers, customer, out _) += line.Value;
        var product = _products.GetValueOrDefault(line.ProductId) ?? new(line.ProductId, 0, 0m);
        _products[line.ProductId] = product with { Quantity = product.Quantity + line.Quantity, NetValue = product.NetValue + line.Value };
    }
}
