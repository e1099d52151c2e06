using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>How often a product was sold, and for how much.</summary>
public sealed record ProductSales(string StockCode, long Quantity, decimal NetValue);

/// <summary>The products that were sold; by its indexes, the best-selling ones. Key: the stock code.</summary>
public sealed class ProductList : Projection<ProductSales>
{
    /// <summary>Declares the projection.</summary>
    public ProductList() : base("products", version: 1, ShopJson.Default.ProductSales)
    {
        Index("quantity", row => row.Quantity);
        Index("netValue", row => row.NetValue);
        Sum<OrderCreated>();
        Sum<OrderUpdated>();
        Sum<CreditNoteIssued>();
        Sum<AdjustmentBooked>();
        Sum<DocumentContinued>();
    }

    // One event has lines of many documents: the handler is called for each of them, and adds those of its key.
    private void Sum<T>() where T : ISale
    {
        Keys<T>((e, _, _) => SoldLine.Of(e).Select(line => ViewKey.Of(line.ProductId)).Distinct());
        On<T>((row, e, _, rows) => SoldLine.Of(e).Where(line => ViewKey.Of(line.ProductId) == rows.Key).Aggregate(row, Add));
    }

    private static ProductSales Add(ProductSales? row, SoldLine line) => new(line.ProductId, (row?.Quantity ?? 0) + line.Quantity, (row?.NetValue ?? 0) + line.Value);
}
