using EventSourcing;
using Orders.Domain.Sales;

namespace Orders.Views;

/// <summary>A line of a sale as sums count it: its document says what the line leaves out, and a line that an update took off the order is negative.</summary>
public readonly record struct SoldLine
{
    private readonly ISale _sale;
    private readonly OrderLine _line;

    private SoldLine(ISale sale, OrderLine line, int count) => (_sale, _line, Count) = (sale, line, count);

    /// <summary>The lines of an event: those that came, then those that went.</summary>
    public static IEnumerable<SoldLine> Of(ISale sale)
    {
        foreach (var line in sale.Lines) yield return new(sale, line, 1);
        foreach (var line in (sale as OrderUpdated)?.Removed ?? []) yield return new(sale, line, -1);
    }

    /// <summary>1, or -1 for a line that was taken off.</summary>
    public int Count { get; }

    /// <summary>The product.</summary>
    public string ProductId => _line.ProductId;

    /// <summary>The customer; null for nobody known.</summary>
    public string? CustomerId => (_line.CustomerId ?? _sale.CustomerId) is { Length: > 0 } customer ? customer : null;

    /// <summary>The country.</summary>
    public string Country => _line.Country ?? _sale.Country;

    /// <summary>The quantity; negative for goods that come back.</summary>
    public long Quantity => Count * (long)_line.Quantity;

    /// <summary>Quantity times unit price.</summary>
    public decimal Value => Count * _line.Total;

    /// <summary>The day of the sale, in UTC.</summary>
    /// <param name="envelope">The envelope of the line's event.</param>
    public DateOnly DayIn(EventEnvelope envelope) => DateOnly.FromDateTime((_line.SoldAt ?? envelope.OccurredAt ?? envelope.Timestamp).UtcDateTime);
}
