using EventSourcing;

namespace Orders.Domain.Sales;

/// <summary>A credit note or an adjustment as the events of one stream make it: written once, never changed.</summary>
public sealed record Document(string Id, string? OrderId, string? CustomerId, string Country, DateTimeOffset At, decimal TotalPrice, IReadOnlyList<OrderLine> Lines)
    : IState<Document>
{
    /// <inheritdoc/>
    public static Document Create() => new("", null, null, "", default, 0m, []);

    /// <inheritdoc/>
    public Document Apply(object @event) => @event switch
    {
        CreditNoteIssued e => new(e.CreditNoteId, e.OrderId, e.CustomerId, e.Country, e.IssuedAt, e.TotalPrice, e.Lines),
        AdjustmentBooked e => new(e.AdjustmentId, null, e.CustomerId, e.Country, e.BookedAt, e.TotalPrice, e.Lines),
        DocumentContinued e => this with { Lines = [.. Lines, .. e.Lines] },
        _ => this,
    };
}
