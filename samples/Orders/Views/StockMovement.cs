using System.Text.Json.Serialization;
using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>How many pieces of a product left the stock, and how many came back.</summary>
public sealed record StockRow(string StockCode, long Out, long Back)
{
    /// <summary>How many pieces are missing in the end.</summary>
    [JsonIgnore]
    public long Net => Out - Back;

    /// <summary>With one more movement: out, or back where it is negative.</summary>
    public StockRow Move(long quantity) => quantity >= 0 ? this with { Out = Out + quantity } : this with { Back = Back - quantity };
}

/// <summary>Stock movement: orders take goods out; credit notes, lines that are taken off an order, and cancelled orders bring them back. Adjustments move money, not goods. Key: the stock code.</summary>
public sealed class StockMovement : Projection<StockRow>
{
    /// <summary>Declares the projection.</summary>
    public StockMovement() : base("stock", version: 1, ShopJson.Default.StockRow)
    {
        After("order-goods");
        Index("out", row => row.Out);
        Index("back", row => row.Back);
        Move<OrderCreated>();
        Move<OrderUpdated>();
        Move<CreditNoteIssued>();
        Move<DocumentContinued>();
        Keys<OrderCancelled>((_, envelope, rows) => GoodsOf(rows, envelope).Keys.Select(ViewKey.Of));
        OnExisting<OrderCancelled>((row, _, envelope, rows) => row.Move(-GoodsOf(rows, envelope)[row.StockCode]));
    }

    private void Move<T>() where T : ISale
    {
        Keys<T>((e, _, _) => SoldLine.Of(e).Select(line => ViewKey.Of(line.ProductId)).Distinct());
        On<T>((row, e, _, rows) => SoldLine.Of(e).Where(line => ViewKey.Of(line.ProductId) == rows.Key)
            .Aggregate(row, (sum, line) => (sum ?? new(line.ProductId, 0, 0)).Move(line.Quantity)));
    }

    // The event does not say what was ordered. A second cancellation of one order brings nothing back.
    private static IReadOnlyDictionary<string, long> GoodsOf(ViewRows<StockRow> rows, EventEnvelope envelope) =>
        rows.Of<GoodsRow>("order-goods").Get(envelope.StreamId.Value) is { Cancellations: 1 } goods ? goods.Quantities : new Dictionary<string, long>();
}
