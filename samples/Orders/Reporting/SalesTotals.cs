using System.Runtime.InteropServices;
using Orders.Domain.Sales;

namespace Orders.Reporting;

/// <summary>Adds up sales. Changed in place: hundreds of thousands of lines need no copies.</summary>
internal sealed class SalesTotals
{
    private const int Top = 10;

    private readonly Dictionary<string, decimal> _countries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, decimal> _customers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _products = new(StringComparer.Ordinal);
    private long _lines;
    private int _orders;
    private int _creditNotes;
    private int _adjustments;
    private decimal _netValue;

    internal SalesTotals Add(ISale sale)
    {
        if (sale is OrderCreated) _orders++;
        else if (sale is CreditNoteIssued) _creditNotes++;
        else if (sale is AdjustmentBooked) _adjustments++;
        foreach (var line in sale.Lines) Add(sale, line, 1);
        if (sale is OrderUpdated update)
            foreach (var line in update.Removed) Add(sale, line, -1);
        return this;
    }

    internal SalesReport ToReport() => new(
        _lines, _orders, _creditNotes, _adjustments, _customers.Count, _products.Count, Plain(_netValue),
        [.. _countries.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => new CountrySales(c.Key, Plain(c.Value)))],
        [.. _products.OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal).Take(Top).Select(p => new ProductSales(p.Key, p.Value))],
        [.. _customers.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(Top).Select(c => new CustomerSales(c.Key, Plain(c.Value)))]);

    private void Add(ISale sale, OrderLine line, int sign)
    {
        var value = sign * line.Total;
        _lines += sign;
        _netValue += value;
        CollectionsMarshal.GetValueRefOrAddDefault(_products, line.ProductId, out _) += sign * (long)line.Quantity;
        CollectionsMarshal.GetValueRefOrAddDefault(_countries, line.Country ?? sale.Country, out _) += value;
        if ((line.CustomerId ?? sale.CustomerId) is { Length: > 0 } customer)
            CollectionsMarshal.GetValueRefOrAddDefault(_customers, customer, out _) += value;
    }

    // A division that changes no value but drops trailing zeros: 2.50 and 2.5 are one number and are to print as one.
    private static decimal Plain(decimal value) => value / 1.0000000000000000000000000000m;
}
