using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>A customer, with the sums of all sales to this customer.</summary>
/// <param name="CustomerId">The customer.</param>
/// <param name="Country">The country of the last sale.</param>
/// <param name="Orders">How many orders were placed.</param>
/// <param name="NetValue">The value of all lines, credit notes and adjustments included.</param>
public sealed record CustomerRow(string CustomerId, string Country, int Orders, decimal NetValue);

/// <summary>The customers with a line in any sale. Key: the customer's id.</summary>
public sealed class CustomerList : Projection<CustomerRow>
{
    /// <summary>Declares the projection.</summary>
    public CustomerList() : base("customers", version: 1, ShopJson.Default.CustomerRow)
    {
        Index("country", row => row.Country);
        Index("netValue", row => row.NetValue);
        Add<OrderCreated>(orders: 1);
        Add<OrderUpdated>(orders: 0);
        Add<CreditNoteIssued>(orders: 0);
        Add<AdjustmentBooked>(orders: 0);
        Add<DocumentContinued>(orders: 0);
    }

    private void Add<T>(int orders) where T : ISale
    {
        Keys<T>((e, _, _) => SoldLine.Of(e).Select(line => line.CustomerId).OfType<string>().Distinct());
        On<T>((row, e, _, rows) =>
        {
            row ??= new(rows.Key, "", 0, 0m);
            return SoldLine.Of(e).Where(line => line.CustomerId == row.CustomerId).Aggregate(row with { Orders = row.Orders + orders }, Add);
        });
    }

    private static CustomerRow Add(CustomerRow row, SoldLine line) => row with { Country = line.Country, NetValue = row.NetValue + line.Value };
}
