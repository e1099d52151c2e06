using System.Text.Json.Serialization;

namespace EventSourcing.Tests;

/// <summary>A small domain for tests.</summary>
internal static class Shop
{
    internal static readonly EventTypeMap Types = EventTypeMap.Create(ShopJson.Default, map => map
        .Add<OrderCreated>("order-created", e => e.Tag("customer", "customer"))
        .Add<OrderPaid>("order-paid")
        .Add<ItemAdded>("item-added"));
}

internal sealed record OrderLine(string Sku, int Quantity);

internal sealed record OrderCreated(string Customer, decimal Total, IReadOnlyList<OrderLine>? Lines = null)
{
    [JsonIgnore]
    public string Note { get; init; } = "";
}

internal sealed record OrderPaid(decimal Amount);

internal sealed record ItemAdded(string Sku, int Quantity);

internal sealed class OrderRefused(string message) : Exception(message);

internal sealed record Order(bool IsOpen, decimal Due, string Note) : IState<Order>
{
    public static Order Create() => new(false, 0, "");

    public Order Apply(object @event) => @event switch
    {
        OrderCreated e => new(true, e.Total, e.Note),
        OrderPaid e => this with { Due = Due - e.Amount, IsOpen = Due > e.Amount },
        _ => this,
    };

    public IEnumerable<object> Pay(decimal amount)
    {
        if (!IsOpen) throw new OrderRefused("not open");
        if (amount == 0) yield break;
        yield return new OrderPaid(amount);
    }
}

internal sealed class Cart : Aggregate
{
    public int Items { get; private set; }

    public void Add(string sku, int quantity)
    {
        if (quantity > 0) Raise(new ItemAdded(sku, quantity));
        if (Items > 10) throw new OrderRefused("too many");
    }

    protected override void Apply(object @event)
    {
        if (@event is ItemAdded e) Items += e.Quantity;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderPaid)), JsonSerializable(typeof(ItemAdded))]
internal sealed partial class ShopJson : JsonSerializerContext;
