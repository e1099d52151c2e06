using Orders.Domain.Users;

namespace Orders.Domain.Sales;

/// <summary>An event that brings lines of a sale: what a sales report needs to know.</summary>
public interface ISale
{
    /// <summary>The customer of the lines that do not say; null for nobody known.</summary>
    string? CustomerId { get; }

    /// <summary>The country of the lines that do not say.</summary>
    string Country { get; }

    /// <summary>The lines.</summary>
    IReadOnlyList<OrderLine> Lines { get; }
}

/// <summary>A customer placed an order.</summary>
public sealed record OrderCreated(
    string OrderId, string? CustomerId, string Country, DateTimeOffset CreatedAt, decimal TotalPrice,
    IReadOnlyList<OrderLine> Lines, Address? ShippingAddress = null, Address? BillingAddress = null) : ISale
{
    // Other programs' JSON may leave anything out.
    public string Country { get; init; } = Country ?? "";

    public IReadOnlyList<OrderLine> Lines { get; init; } = Lines ?? [];
}

/// <summary>The lines of an order were changed: some came, some went.</summary>
public sealed record OrderUpdated(
    string? CustomerId, string Country, decimal TotalPrice, IReadOnlyList<OrderLine> Lines, IReadOnlyList<OrderLine> Removed) : ISale
{
    public string Country { get; init; } = Country ?? "";

    public IReadOnlyList<OrderLine> Lines { get; init; } = Lines ?? [];

    public IReadOnlyList<OrderLine> Removed { get; init; } = Removed ?? [];
}

/// <summary>Money came in for an order.</summary>
public sealed record OrderPaid(decimal Amount);

/// <summary>A paid order is to leave the house.</summary>
public sealed record ShippingScheduled(Address? To);

/// <summary>An order left the house.</summary>
public sealed record OrderShipped(string TrackingNumber);

/// <summary>An order was called off.</summary>
public sealed record OrderCancelled(string Reason);

/// <summary>Money goes back for an order, as its credit note says.</summary>
public sealed record OrderCredited(string CreditNoteId, decimal Amount);

/// <summary>The money of an order that was called off goes back.</summary>
public sealed record OrderRefunded(decimal Amount);

/// <summary>A credit note was issued: returned goods have negative quantities.</summary>
public sealed record CreditNoteIssued(
    string CreditNoteId, string? OrderId, string? CustomerId, string Country, DateTimeOffset IssuedAt, decimal TotalPrice, IReadOnlyList<OrderLine> Lines) : ISale;

/// <summary>The books were adjusted, for a bad debt for example.</summary>
public sealed record AdjustmentBooked(
    string AdjustmentId, string? CustomerId, string Country, DateTimeOffset BookedAt, decimal TotalPrice, IReadOnlyList<OrderLine> Lines) : ISale;

/// <summary>More lines of the document before it in the stream, which is too long for one event; its total counts them already.</summary>
public sealed record DocumentContinued(string? CustomerId, string Country, IReadOnlyList<OrderLine> Lines) : ISale;
