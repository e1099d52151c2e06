using EventSourcing;
using Orders.Domain.Sales;

namespace Orders.Domain.Products;

/// <summary>A product as the events of one stream make it.</summary>
public sealed record Product(string? ProductId, string Name, decimal Price) : IState<Product>
{
    /// <inheritdoc/>
    public static Product Create() => new(null, "", 0m);

    /// <inheritdoc/>
    public Product Apply(object @event) => @event switch
    {
        ProductAdded e => new(e.ProductId, e.Name, e.Price),
        ProductPriceChanged e => this with { Price = e.Price },
        _ => this,
    };

    /// <summary>Changes the price; the same price again changes nothing.</summary>
    public IEnumerable<object> ChangePrice(decimal price) =>
        ProductId is null ? throw new RefusedException("there is no such product")
        : price < 0 ? throw new RefusedException("a price is not negative")
        : price == Price ? [] : [new ProductPriceChanged(price)];

    /// <summary>A line of an order, at today's price.</summary>
    public OrderLine Times(int quantity) =>
        ProductId is null ? throw new RefusedException("there is no such product") : new(ProductId, Name, quantity, Price);
}
