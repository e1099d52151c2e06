using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using EventSourcing;
using EventSourcing.Hosting;
using EventSourcing.Sqlite;
using Microsoft.Data.Sqlite;

await using var store = SqliteEventStore.Open("orders.db", Shop.Types);
await store.AppendAsync("customer-ann", ExpectedVersion.NoStream, [new CustomerRenamed("ann@example.com", "Ann")]);
await store.AppendAsync("order-41", ExpectedVersion.NoStream, [new OrderCreated("41", "ann@example.com", 20m)]);
await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m)]);
await store.AppendAsync("order-43", ExpectedVersion.NoStream, [new OrderCreated("43", "bob@example.com", 10m)]);
await using var views = new EventViews(store, [new OrderList(), new ViewSet("customer-service", 1, new Customers(), new OrderCards())]);
await views.StartAsync();
var paid = await store.AppendAsync("order-42", ExpectedVersion.StreamExists, [new OrderPaid(20m)]);
await views.View<OrderRow>().At(paid.LastPosition).FindAsync("42");
await using var newStore = new EventStore(new InMemoryEventLog(), Shop.Types);
var builder = WebApplication.CreateBuilder();
await using var app = WebApplication.CreateBuilder().Build();

// blocks

public sealed record CustomerRenamed(string Email, string Name);

public sealed class ChangedOrderList : Projection<OrderRow>
{
    public ChangedOrderList() : base("order-list", version: 1, ShopJson.Default.OrderRow)
    {
        KeyIsStream("order");
        Index("customer", row => row.Customer);
        Index("created", row => row.Created);
        On<OrderCreated>((_, e, envelope) => new(envelope.StreamId.Id, e.CustomerEmail, e.TotalPrice, 0m, envelope.Timestamp));
        OnExisting<OrderPaid>((row, e) => row with { Paid = row.Paid + e.Amount });
        OnExisting<OrderCancelled>((_, _) => null);
    }
}

public sealed record CustomerTotal(string Email, int Orders, decimal Total);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderPaid)), JsonSerializable(typeof(OrderCancelled)), JsonSerializable(typeof(CustomerRenamed)), JsonSerializable(typeof(ItemAdded)), JsonSerializable(typeof(OrderReturned))]
[JsonSerializable(typeof(OrderRow)), JsonSerializable(typeof(Balance)), JsonSerializable(typeof(CustomerTotal)), JsonSerializable(typeof(Customer)), JsonSerializable(typeof(OrderCard))]
internal sealed partial class ShopJson : JsonSerializerContext;

public static class Shop
{
    public static readonly EventTypeMap Types = EventTypeMap.Create(ShopJson.Default, map => map
        .Add<OrderCreated>("order-created", e => e.Tag("customer", "customerEmail"))
        .Add<OrderPaid>("order-paid")
        .Add<OrderCancelled>("order-cancelled")
        .Add<CustomerRenamed>("customer-renamed", e => e.Tag("customer", "email"))
        .Add<ItemAdded>("item-added")
        .Add<OrderReturned>("order-returned"));
}
