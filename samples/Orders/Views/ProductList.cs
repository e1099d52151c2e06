using Orders.Domain;

namespace Orders.Views;

/// <summary>How often a product was sold, and for how much.</summary>
public sealed record ProductSales(string StockCode, long Quantity, decimal NetValue);

/// <summary>The products that were sold; by its indexes, the best-selling ones. Key: the stock code.</summary>
public sealed class ProductList : LineSums<ProductSales>
{
    /// <summary>Declares the projection.</summary>
    public ProductList() : base("products", version: 1, ShopJson.Default.ProductSales)
    {
        Index("quantity", row => row.Quantity);
        Index("netValue", row => row.NetValue);
    }

    /// <inheritdoc/>
    protected override string KeyOf(SoldLine line) => ViewKey.Of(line.ProductId);

    /// <inheritdoc/>
    protected override ProductSales Add(ProductSales? row, SoldLine line) =>
        new(line.ProductId, (row?.Quantity ?? 0) + line.Quantity, (row?.NetValue ?? 0) + line.Value);
}
