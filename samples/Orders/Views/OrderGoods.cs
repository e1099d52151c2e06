using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>What an order has taken out of stock.</summary>
/// <param name="Quantities">The quantity of each product.</param>
/// <param name="Cancellations">How often the order was cancelled: history that other programs write is not refused.</param>
public sealed record GoodsRow(IReadOnlyDictionary<string, long> Quantities, int Cancellations);

/// <summary>The goods of each order, for the projections that need to know what a cancelled order was about. Key: the order's stream.</summary>
public sealed class OrderGoods : Projection<GoodsRow>
{
    /// <summary>Declares the projection.</summary>
    public OrderGoods() : base("order-goods", version: 1, ShopJson.Default.GoodsRow)
    {
        KeyIsStream();
        On<OrderCreated>((row, e) => Add(row ?? new(new Dictionary<string, long>(), 0), e));
        // An update or more lines of what is no order, of a credit note for one, change nothing.
        On<OrderUpdated>((row, e) => row is null ? null : Add(row, e));
        On<DocumentContinued>((row, e) => row is null ? null : Add(row, e));
        On<OrderCancelled>((row, _) => row is null ? null : row with { Cancellations = row.Cancellations + 1 });
    }

    private static GoodsRow Add(GoodsRow row, ISale sale)
    {
        var quantities = new Dictionary<string, long>(row.Quantities, StringComparer.Ordinal);
        foreach (var line in SoldLine.Of(sale))
            quantities[line.ProductId] = quantities.GetValueOrDefault(line.ProductId) + line.Quantity;
        return row with { Quantities = quantities };
    }
}
