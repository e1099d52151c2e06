namespace Orders.Domain.Products;

/// <summary>The shop has one more product. Ids are compared by ordinal: 85123A and 85123a are two products.</summary>
public sealed record ProductAdded(string ProductId, string Name, string Description, decimal Price);

/// <summary>A product has a new price; orders placed before keep theirs.</summary>
public sealed record ProductPriceChanged(decimal Price);
