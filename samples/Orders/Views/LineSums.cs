using System.Text.Json.Serialization.Metadata;
using EventSourcing;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>Sums over the lines of all sales: one document for each value of what the lines are grouped by.</summary>
public abstract class LineSums<TRow> : Projection<TRow> where TRow : class
{
    /// <summary>Names the projection.</summary>
    protected LineSums(string name, int version, JsonTypeInfo<TRow> contract) : base(name, version, contract)
    {
        Sum<OrderCreated>();
        Sum<OrderUpdated>();
        Sum<CreditNoteIssued>();
        Sum<AdjustmentBooked>();
        Sum<DocumentContinued>();
    }

    /// <summary>The document that a line belongs to.</summary>
    protected abstract string KeyOf(SoldLine line);

    /// <summary>Adds a line to its document, which may not exist yet.</summary>
    protected abstract TRow Add(TRow? row, SoldLine line);

    // One event has lines of many documents: the handler is called for each of them, and adds those of its key.
    private void Sum<T>() where T : ISale
    {
        Keys<T>((e, envelope, _) => SoldLine.Of(e, envelope).Select(KeyOf).Distinct());
        On<T>((row, e, envelope, rows) => SoldLine.Of(e, envelope).Where(line => KeyOf(line) == rows.Key).Aggregate(row, Add));
    }
}
