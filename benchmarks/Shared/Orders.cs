using System.Text.Json.Serialization;

namespace EventSourcing.Benchmarks;

internal sealed record OrderItem(string Sku, string Name, int Quantity, decimal UnitPrice);

/// <summary>About 360 bytes of JSON with three items, about 205 with one.</summary>
internal sealed record OrderPlaced(Guid OrderId, string CustomerId, DateTimeOffset PlacedAt, string Currency, OrderItem[] Items);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderPlaced))]
internal sealed partial class OrderContracts : JsonSerializerContext;

/// <summary>What a fold of orders keeps.</summary>
internal sealed class OrderTotals
{
    public int Orders { get; private set; }

    public int Items { get; private set; }

    public OrderTotals Apply(object @event)
    {
        if (@event is OrderPlaced placed)
        {
            Orders++;
            Items += placed.Items.Length;
        }

        return this;
    }
}

/// <summary>The same as an aggregate.</summary>
internal sealed class OrderBook : Aggregate
{
    private readonly OrderTotals _totals = new();

    protected override void Apply(object @event) => _totals.Apply(@event);
}

internal static class Orders
{
    public static EventTypeMap Types { get; } = EventTypeMap.Create(OrderContracts.Default, map => map.Add<OrderPlaced>("OrderPlaced"));

    public static OrderPlaced[] Make(int count, int items = 3) => [.. Enumerable.Range(0, count).Select(i => Make1(i, items))];

    private static OrderPlaced Make1(int i, int items) => new(
        new Guid(i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
        $"customer-{i * 7919 % 10000:D5}",
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(i),
        i % 3 == 0 ? "EUR" : "USD",
        [.. Enumerable.Range(0, items).Select(k => new OrderItem($"SKU-{((i * 31) + (k * 17)) % 5000:D4}", k == 0 ? "Blue widget" : "Large gadget", 1 + k, 5.25m + (((i * 13) + k) % 400 / 4m)))]);
}
