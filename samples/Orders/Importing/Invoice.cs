using EventSourcing;
using Orders.Domain.Sales;

namespace Orders.Importing;

/// <summary>The lines of one invoice, and the events that say the same.</summary>
public sealed class Invoice(string number, IReadOnlyList<SaleLine> lines)
{
    // Keeps each event far below the store's limit of 1 MiB, also where every character takes six in JSON.
    private const int MaxLinesPerEvent = 1_000;
    private const int MaxCharactersPerEvent = 100_000;

    /// <summary>The invoice's number.</summary>
    public string Number => number;

    /// <summary>Its lines in the file's order; at least one.</summary>
    public IReadOnlyList<SaleLine> Lines => lines;

    /// <summary>Its stream.</summary>
    public StreamId Stream => InvoiceNumber.StreamOf(number, Kind);

    private InvoiceKind Kind => InvoiceNumber.TryParse(number, out var kind) ? kind : throw new InvalidOperationException($"'{number}' is no invoice number.");

    /// <summary>One event, or several where the lines are too many for one. They happened when the first line did.</summary>
    public IEnumerable<object> Events()
    {
        var (first, total) = (lines[0], lines.Sum(l => l.Quantity * l.UnitPrice));
        var customer = first.CustomerId.Length == 0 ? null : first.CustomerId;
        foreach (var (part, index) in Parts().Select((part, index) => (part, index)))
        {
            object e = index > 0 ? new DocumentContinued(customer, first.Country, part) : Kind switch
            {
                InvoiceKind.CreditNote => new CreditNoteIssued(number, null, customer, first.Country, first.SoldAt, total, part),
                InvoiceKind.Adjustment => new AdjustmentBooked(number, customer, first.Country, first.SoldAt, total, part),
                _ => new OrderCreated(number, customer, first.Country, first.SoldAt, total, part),
            };
            yield return new EventData(e).At(first.SoldAt);
        }
    }

    private IEnumerable<IReadOnlyList<OrderLine>> Parts()
    {
        List<OrderLine> part = [];
        var characters = 0;
        foreach (var line in lines)
        {
            if (part.Count > 0 && (part.Count == MaxLinesPerEvent || characters + Length(line) > MaxCharactersPerEvent))
            {
                yield return part;
                (part, characters) = ([], 0);
            }

            part.Add(ToOrderLine(line));
            characters += Length(line);
        }

        yield return part;
    }

    private static int Length(SaleLine line) => line.StockCode.Length + line.Description.Length + line.CustomerId.Length + line.Country.Length;

    // A line says only what the document does not say for it.
    private OrderLine ToOrderLine(SaleLine line) => new(line.StockCode, line.Description, line.Quantity, line.UnitPrice)
    {
        CustomerId = line.CustomerId == lines[0].CustomerId ? null : line.CustomerId,
        Country = line.Country == lines[0].Country ? null : line.Country,
        SoldAt = line.SoldAt == lines[0].SoldAt ? null : line.SoldAt,
    };
}
