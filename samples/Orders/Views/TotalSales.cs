using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>All sales in numbers.</summary>
public sealed record TotalsRow(long Lines, int Orders, int CreditNotes, int Adjustments, decimal NetValue)
{
    /// <summary>Of no sale.</summary>
    public static TotalsRow None { get; } = new(0, 0, 0, 0, 0m);
}

/// <summary>Totals of all sales: one document.</summary>
public sealed class TotalSales : Projection<TotalsRow>
{
    /// <summary>Declares the projection.</summary>
    public TotalSales() : base("sales-totals", version: 1, ShopJson.Default.TotalsRow)
    {
        Add<OrderCreated>(row => row with { Orders = row.Orders + 1 });
        Add<OrderUpdated>(row => row);
        Add<CreditNoteIssued>(row => row with { CreditNotes = row.CreditNotes + 1 });
        Add<AdjustmentBooked>(row => row with { Adjustments = row.Adjustments + 1 });
        Add<DocumentContinued>(row => row);
    }

    private void Add<T>(Func<TotalsRow, TotalsRow> count) where T : ISale
    {
        Key<T>((_, _) => ViewKey.All);
        On<T>((row, e) => SoldLine.Of(e).Aggregate(count(row ?? TotalsRow.None), Add));
    }

    private static TotalsRow Add(TotalsRow row, SoldLine line) => row with { Lines = row.Lines + line.Count, NetValue = row.NetValue + line.Value };
}
