namespace Orders.Importing;

/// <summary>What an invoice number says the document is.</summary>
public enum InvoiceKind
{
    /// <summary>Digits: an order.</summary>
    Order,

    /// <summary>C and more: a credit note.</summary>
    CreditNote,

    /// <summary>A and more: an adjustment.</summary>
    Adjustment,
}
