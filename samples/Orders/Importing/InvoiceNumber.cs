using EventSourcing;
using Orders.Domain;

namespace Orders.Importing;

/// <summary>Reads invoice numbers: digits, or C or A followed by digits and letters; at most 32 characters.</summary>
public static class InvoiceNumber
{
    /// <summary>What the number says the document is; false when it is no invoice number.</summary>
    public static bool TryParse(string number, out InvoiceKind kind)
    {
        kind = number is ['C', ..] ? InvoiceKind.CreditNote : number is ['A', ..] ? InvoiceKind.Adjustment : InvoiceKind.Order;
        if (number.Length is 0 or > 32) return false;
        return kind == InvoiceKind.Order
            ? number.All(char.IsAsciiDigit)
            : number.Length > 1 && number.Skip(1).All(char.IsAsciiLetterOrDigit);
    }

    /// <summary>The stream of the document with this number.</summary>
    public static StreamId StreamOf(string number, InvoiceKind kind) => kind switch
    {
        InvoiceKind.CreditNote => Streams.CreditNote(number),
        InvoiceKind.Adjustment => Streams.Adjustment(number),
        _ => Streams.Order(number),
    };
}
