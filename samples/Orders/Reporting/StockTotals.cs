using EventSourcing;
using Orders.Domain.Sales;
using Orders.Views;

namespace Orders.Reporting;

/// <summary>Adds up the movement of goods.</summary>
internal sealed class StockTotals
{
    private readonly Dictionary<string, StockRow> _rows = new(StringComparer.Ordinal);
    private readonly Dictionary<StreamId, List<SoldLine>> _orders = [];

    internal IEnumerable<StockRow> Rows => _rows.Values;

    internal void Add(EventEnvelope e)
    {
        if (e.Data is OrderCancelled && _orders.Remove(e.StreamId, out var cancelled))
        {
            foreach (var product in cancelled.GroupBy(line => line.ProductId, StringComparer.Ordinal)) Move(product.Key, -product.Sum(line => line.Quantity));
        }
        else if (e.Data is ISale sale and not AdjustmentBooked)
        {
            var lines = SoldLine.Of(sale).ToList();
            foreach (var line in lines) Move(line.ProductId, line.Quantity);
            if (sale is OrderCreated) _orders.TryAdd(e.StreamId, []);
            if (_orders.TryGetValue(e.StreamId, out var order)) order.AddRange(lines);
        }
    }

    private void Move(string product, long quantity) => _rows[product] = (_rows.GetValueOrDefault(product) ?? new(product, 0, 0)).Move(quantity);
}
