using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>An order in one line.</summary>
/// <param name="Status">How far it got.</param>
/// <param name="Lines">How many lines it has.</param>
/// <param name="Total">The price of all lines.</param>
/// <param name="Paid">What was paid.</param>
/// <param name="Returned">What went back, by credit notes and refunds.</param>
/// <param name="ChangedAt">When it was last changed.</param>
public sealed record SummaryRow(OrderStatus Status, int Lines, decimal Total, decimal Paid, decimal Returned, DateTimeOffset ChangedAt);

/// <summary>The summary of each order. Key: the order's stream.</summary>
/// <remarks>It is written in the transactions of appends (<see cref="ShopViews.SummariesOn"/>). A handler that fails there refuses the append, so this one takes every event of an order as it is.</remarks>
public sealed class OrderSummary : Projection<SummaryRow>
{
    /// <summary>Declares the projection.</summary>
    public OrderSummary() : base("order-summary", version: 1, ShopJson.Default.SummaryRow)
    {
        KeyIsStream();
        On<OrderCreated>((_, e, envelope) => new(OrderStatus.Created, e.Lines.Count, e.TotalPrice, 0m, 0m, TimeOf(envelope)));
        Change<DocumentContinued>((row, e) => row with { Lines = row.Lines + e.Lines.Count });
        Change<OrderUpdated>((row, e) => row with { Lines = row.Lines + e.Lines.Count - e.Removed.Count, Total = e.TotalPrice });
        Change<OrderPaid>((row, e) => row with { Paid = row.Paid + e.Amount, Status = row.Paid + e.Amount >= row.Total ? OrderStatus.Paid : row.Status });
        Change<OrderShipped>((row, _) => row with { Status = OrderStatus.Shipped });
        Change<OrderCancelled>((row, _) => row with { Status = OrderStatus.Cancelled });
        Change<OrderCredited>((row, e) => row with { Returned = row.Returned + e.Amount });
        Change<OrderRefunded>((row, e) => row with { Returned = row.Returned + e.Amount });
    }

    // What is no order, a credit note for one, has no summary.
    private void Change<T>(Func<SummaryRow, T, SummaryRow> change) where T : notnull =>
        On<T>((row, e, envelope) => row is null ? null : change(row, e) with { ChangedAt = TimeOf(envelope) });

    private static DateTimeOffset TimeOf(EventEnvelope envelope) => envelope.OccurredAt ?? envelope.Timestamp;
}
