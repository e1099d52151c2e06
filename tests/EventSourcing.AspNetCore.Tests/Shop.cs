using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace EventSourcing.AspNetCore.Tests;

public sealed record OrderCreated(string Customer, decimal Total);

public sealed record OrderPaid(decimal Amount);

public sealed record Note(string Text);

public sealed record OrderAnswer(string Customer, decimal Due);

public sealed record Order(string Customer, decimal Due) : IState<Order>
{
    public static Order Create() => new("", 0);

    public Order Apply(object @event) => @event switch
    {
        OrderCreated e => new(e.Customer, e.Total),
        OrderPaid e => this with { Due = Due - e.Amount },
        _ => this,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Note)), JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderPaid)), JsonSerializable(typeof(OrderAnswer))]
internal sealed partial class ShopJson : JsonSerializerContext;

internal static class Shop
{
    internal static readonly EventTypeMap Types = EventTypeMap.Create(ShopJson.Default, map => map
        .Add<OrderCreated>("order-created", e => e.Tag("customer", "customer"))
        .Add<OrderPaid>("order-paid")
        .Add<Note>("note"));

    internal static void Map(WebApplication app)
    {
        app.MapPost("/orders/{id}", async (string id, OrderCreated order, IdempotencyKey key, IEventStore store) =>
        {
            var created = await store.AppendAsync(key.ToAppend().To($"order-{id}", ExpectedVersion.NoStream, [order]));
            return TypedResults.Created($"/orders/{id}", new OrderAnswer(order.Customer, order.Total)).WithETag(created.Version);
        }).WithIdempotencyKey(o => o.MaxBodyBytes = 4096);

        app.MapPost("/payments", async (OrderPaid payment, IdempotencyKey key, IEventStore store) =>
        {
            var paid = await store.ExecuteAsync<Order>($"order-{payment.Amount}", _ => [payment], key.ToExecuteOptions());
            return TypedResults.Ok(paid.StreamVersion);
        }).WithIdempotencyKey(o => o.IsRequired = false);

        app.MapPut("/orders/{id}/paid", async (string id, OrderPaid payment, IfMatch match, IEventStore store) =>
        {
            var paid = await store.AppendAsync($"order-{id}", match.Expected, [payment]);
            return TypedResults.NoContent().WithETag(paid.Version);
        }).RequireIfMatch();

        app.MapPost("/orders/{id}/races", async (string id, long seen, OrderPaid payment, IfMatch match, IEventStore store) =>
        {
            var paid = await store.AppendAsync($"order-{id}", match.IsPresent ? match.Expected : ExpectedVersion.Exactly(seen), [payment]);
            return TypedResults.NoContent().WithETag(paid.Version);
        });

        app.MapPost("/orders/{id}/decisions", async (string id, OrderPaid payment, IfMatch match, IEventStore store) =>
        {
            var paid = await store.ExecuteAsync<Order>($"order-{id}", _ => [payment], new ExecuteOptions { Require = match.Check($"order-{id}") });
            return TypedResults.NoContent().WithETag(paid.StreamVersion);
        });

        app.MapPost("/orders/{id}/others", async (string id, OrderPaid payment, IfMatch match, IEventStore store) =>
        {
            var paid = await store.AppendAsync(new Append().To($"order-{id}", match.Expected, [payment]).Require("customer-1", ExpectedVersion.StreamExists));
            return TypedResults.NoContent().WithETag(paid.VersionOf($"order-{id}"));
        });

        app.MapGet("/orders/{id}", async Task<IResult> (string id, IEventStore store) =>
        {
            var order = await store.LoadAsync<Order>($"order-{id}");
            return order.StreamVersion == 0 ? TypedResults.NotFound() : TypedResults.Ok(new OrderAnswer(order.State.Customer, order.State.Due)).WithETag(order.StreamVersion);
        });
    }
}
