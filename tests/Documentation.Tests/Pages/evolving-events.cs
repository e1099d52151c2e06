using System.Text;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using EventSourcing;
using EventSourcing.Testing;

var OldLog = await Stored.AsAsync("order-42",
    ("order-placed", 1, """{"orderId":"42","cents":1250}"""),
    ("order-placed", 2, """{"orderId":"43","total":25.5}"""),
    ("order-placed", 3, """{"orderId":"44","total":{"amount":30,"currency":"USD"}}"""));
var BasketLog = await Stored.AsAsync("basket-1",
    ("basket-filled", 1, """{"skus":["a","b"]}"""),
    ("clicked", 1, "{}"),
    ("cents-paid", 1, """{"cents":399}"""));

// blocks

internal static class Stored
{
    internal static async Task<EventSourcing.Storage.IEventLog> AsAsync(string stream, params (string Type, int SchemaVersion, string Json)[] events)
    {
        var log = new InMemoryEventLog();
        foreach (var (type, number, json) in events)
            await log.AppendAsync(new() { Writes = new EventSourcing.Storage.StreamWrite[] { new(stream, ExpectedVersion.Any, new EventSourcing.Storage.LogEvent[] { new EventSourcing.Storage.LogEvent { Type = type, SchemaVersion = number, Data = Encoding.UTF8.GetBytes(json), IsJson = true } }) } }, default);
        return log;
    }
}

internal sealed class TestAttribute : Attribute;

internal sealed record Money(decimal Amount, string Currency);

internal sealed record OrderPlaced(string OrderId, Money Total);

internal sealed record OrderPlacedV2(string OrderId, decimal Total);

internal sealed record BasketFilled(int Count);

internal sealed record BasketFilledV1(string[] Skus);

internal sealed record SkuAdded(string Sku);

internal sealed record Clicked;

internal sealed record CentsPaid(int Cents);

internal sealed record EurosPaid(decimal Amount);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderPlaced)), JsonSerializable(typeof(OrderPlacedV2)), JsonSerializable(typeof(BasketFilled)), JsonSerializable(typeof(BasketFilledV1))]
[JsonSerializable(typeof(SkuAdded)), JsonSerializable(typeof(Clicked)), JsonSerializable(typeof(CentsPaid)), JsonSerializable(typeof(EurosPaid))]
internal sealed partial class OrdersJson : JsonSerializerContext;
