using System.Text.Json.Serialization;
using EventSourcing;
using EventSourcing.Sqlite;

var types = EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderCreated>("order-created").Add<OrderPaid>("order-paid"));
await using var store = SqliteEventStore.Open("orders.db", types);
var order = $"order-{Guid.NewGuid()}";

await store.AppendAsync(order, ExpectedVersion.NoStream, [new OrderCreated("ann@example.com", 62.50m)]);
await store.ExecuteAsync<Order>(order, state => state.Pay(20m));    // load, decide, append; after a conflict it decides again

await foreach (var e in store.ReadStreamAsync(order))
    Console.WriteLine($"{e.Version} {e.Type} {e.Data}");

public sealed record OrderCreated(string Email, decimal Total);

public sealed record OrderPaid(decimal Amount);

public sealed record Order(decimal Due) : IState<Order>
{
    public static Order Create() => new(0m);

    public Order Apply(object @event) => @event switch
    {
        OrderCreated e => new Order(e.Total),
        OrderPaid e => new Order(Due - e.Amount),
        _ => this,
    };

    public IEnumerable<object> Pay(decimal amount) =>
        amount > Due ? throw new InvalidOperationException($"{Due} is due.") : [new OrderPaid(amount)];
}

[JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderPaid))]
internal sealed partial class ShopJson : JsonSerializerContext;
