using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using EventSourcing;

var clock = new DrivenClock();
await using var store = new EventStore(new InMemoryEventLog(new InMemoryLogOptions { TimeProvider = clock }), Shop.Types);

await using var views = new EventViews(store, [new OrderList()]);

// blocks

internal sealed class DrivenClock : TimeProvider
{
    private DateTimeOffset _now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => _now;

    internal void Advance(TimeSpan time) => _now += time;
}

internal sealed record OrderCreated(decimal Total);

internal sealed record OrderPaid(decimal Amount);

internal sealed record Order(decimal Total, decimal Paid) : IState<Order>
{
    public static Order Create() => new(0, 0);

    public Order Apply(object @event) => @event switch
    {
        OrderCreated e => this with { Total = e.Total },
        OrderPaid e => this with { Paid = Paid + e.Amount },
        _ => this,
    };
}

internal sealed record OrderRow(decimal Total, decimal Paid);

internal sealed class OrderList : Projection<OrderRow>
{
    internal OrderList() : base("order-list", 1, ShopJson.Default.OrderRow)
    {
        KeyIsStream("order");
        On<OrderCreated>((_, e) => new(e.Total, 0));
        OnExisting<OrderPaid>((row, e) => row with { Paid = row.Paid + e.Amount });
    }
}

internal static class Shop
{
    internal static readonly EventTypeMap Types = EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderCreated>("order-created").Add<OrderPaid>("order-paid"));
}

[JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderPaid)), JsonSerializable(typeof(OrderRow))]
internal sealed partial class ShopJson : JsonSerializerContext;
