using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>What one document, an order for example, has for one customer.</summary>
/// <param name="CustomerId">The customer.</param>
/// <param name="Document">The document's stream.</param>
/// <param name="At">When it happened.</param>
/// <param name="Lines">How many lines the customer has in it.</param>
/// <param name="Value">Their value.</param>
/// <param name="IsCancelled">True for an order that was cancelled.</param>
public sealed record HistoryRow(string CustomerId, string Document, DateTimeOffset At, int Lines, decimal Value, bool IsCancelled = false);

/// <summary>The history of each customer: <c>Where("customer", id).OrderBy("at")</c>. Key: customer and document.</summary>
/// <remarks>One list for each customer would be written as a whole with each order, and never stop growing. So an entry is a document of its own, and a history is read page by page.</remarks>
public sealed class CustomerHistory : Projection<HistoryRow>
{
    /// <summary>Declares the projection.</summary>
    public CustomerHistory() : base("customer-history", version: 1, ShopJson.Default.HistoryRow)
    {
        Index("customer", row => row.CustomerId);
        Index("document", row => row.Document);
        Index("at", row => row.At);

        Add<OrderCreated>();
        Add<OrderUpdated>();
        Add<CreditNoteIssued>();
        Add<AdjustmentBooked>();
        Add<DocumentContinued>();
        // The event names no customer: the entries of its order are found by their index.
        Keys<OrderCancelled>((_, envelope, rows) => rows.Find("document", envelope.StreamId.Value));
        OnExisting<OrderCancelled>((row, _) => row with { IsCancelled = true });
    }

    private void Add<T>() where T : ISale
    {
        Keys<T>((e, envelope, _) => SoldLine.Of(e).Select(line => line.CustomerId).OfType<string>().Distinct().Select(id => KeyOf(id, envelope)));
        On<T>((row, e, envelope, rows) => SoldLine.Of(e).Where(line => line.CustomerId is { } id && KeyOf(id, envelope) == rows.Key).Aggregate(row, (sum, line) =>
        {
            sum ??= new(line.CustomerId!, envelope.StreamId.Value, envelope.OccurredAt ?? envelope.Timestamp, 0, 0m);
            return sum with { Lines = sum.Lines + line.Count, Value = sum.Value + line.Value };
        }));
    }

    private static string KeyOf(string customerId, EventEnvelope envelope) => $"{customerId}/{envelope.StreamId}";
}
