using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>How many different customers have placed an order.</summary>
public sealed record Buyers(int Count);

/// <summary>The number of buyers: one document. Reads the customers as they are after the same order: it was somebody's first when it is the only one.</summary>
public sealed class BuyerCount : Projection<Buyers>
{
    /// <summary>Declares the projection.</summary>
    public BuyerCount() : base("buyers", version: 1, ShopJson.Default.Buyers)
    {
        After("customers");
        Key<OrderCreated>((_, _) => ViewKey.All);
        On<OrderCreated>((row, e, _, rows) =>
        {
            var customers = rows.Of<CustomerRow>("customers");
            var customerIds = SoldLine.Of(e).Select(line => line.CustomerId).OfType<string>().Distinct();
            return new((row?.Count ?? 0) + customerIds.Count(id => customers.Get(id)!.Orders == 1));
        });
    }
}
