namespace Orders.Domain.Sales;

/// <summary>So many of one product at one price.</summary>
public sealed record OrderLine(string ProductId, string Description, int Quantity, decimal UnitPrice)
{
    // Other programs' JSON may leave anything out.
    public string ProductId { get; init; } = ProductId ?? "";

    public string Description { get; init; } = Description ?? "";

    /// <summary>The customer of this line where it is not the document's, empty for nobody; null: the document's.</summary>
    public string? CustomerId { get; init; }

    /// <summary>The country of this line where it is not the document's; null: the document's.</summary>
    public string? Country { get; init; }

    /// <summary>The time of this line where it is not the document's; null: the document's.</summary>
    public DateTimeOffset? SoldAt { get; init; }

    /// <summary>Quantity times unit price.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public decimal Total => Quantity * UnitPrice;
}
