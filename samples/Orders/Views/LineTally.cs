using EventSourcing;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>The net value of the lines of all sales, by one dimension.</summary>
public abstract class LineTally : Tally
{
    /// <summary>The figure.</summary>
    public const string NetValue = "netValue";

    /// <summary>Names the tally.</summary>
    protected LineTally(string name, int version, string dimension, Func<SoldLine, EventEnvelope, ViewValue> value) : base(name, version)
    {
        Sum<OrderCreated>();
        Sum<OrderUpdated>();
        Sum<CreditNoteIssued>();
        Sum<AdjustmentBooked>();
        Sum<DocumentContinued>();

        void Sum<T>() where T : ISale => ForEach<T, SoldLine>(e => SoldLine.Of(e)).By(dimension, value).Add(NetValue, line => line.Value);
    }
}
