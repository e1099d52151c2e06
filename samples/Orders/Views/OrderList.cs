using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>An order in a list.</summary>
/// <param name="OrderId">Its number.</param>
/// <param name="CustomerId">Who ordered; null for nobody known.</param>
/// <param name="Country">The country it is sold to.</param>
/// <param name="CreatedAt">When it was placed.</param>
/// <param name="Status">How far it got.</param>
/// <param name="Total">The price of all lines.</param>
/// <param name="Paid">What was paid.</param>
/// <param name="Returned">What went back, by credit notes and refunds.</param>
/// <param name="TrackingNumber">Under which number it was sent; null before that.</param>
public sealed record OrderRow(
    string OrderId, string? CustomerId, string Country, DateTimeOffset CreatedAt, OrderStatus Status, decimal Total, decimal Paid = 0m, decimal Returned = 0m, string? TrackingNumber = null);

/// <summary>The order list. Key: the order's stream, so that the list can be rebuilt for one order.</summary>
/// <remarks>
/// Other programs append creations, updates and cancellations in SQL, where nothing holds them to the rules: an update of an
/// order that does not exist changes nothing. The other events are the shop's own and follow an order; where one does not, the view pauses and says so.
/// </remarks>
public sealed class OrderList : Projection<OrderRow>
{
    /// <summary>Declares the projection.</summary>
    public OrderList() : base("order-list", version: 1, ShopJson.Default.OrderRow)
    {
        KeyIsStream();
        Index("customer", row => row.CustomerId);
        Index("country", row => row.Country);
        Index("status", row => row.Status.ToString());
        Index("created", row => row.CreatedAt);

        On<OrderCreated>((_, e) => new(e.OrderId ?? "", e.CustomerId, e.Country, e.CreatedAt, OrderStatus.Created, e.TotalPrice));
        On<OrderUpdated>((row, e) => row is null ? null : row with { Total = e.TotalPrice });
        On<OrderCancelled>((row, _) => row is null ? null : row with { Status = OrderStatus.Cancelled });
        OnExisting<OrderPaid>((row, e) => row with { Paid = row.Paid + e.Amount, Status = row.Paid + e.Amount >= row.Total ? OrderStatus.Paid : row.Status });
        OnExisting<OrderShipped>((row, e) => row with { Status = OrderStatus.Shipped, TrackingNumber = e.TrackingNumber });
        OnExisting<OrderCredited>((row, e) => row with { Returned = row.Returned + e.Amount });
        OnExisting<OrderRefunded>((row, e) => row with { Returned = row.Returned + e.Amount });
    }
}
