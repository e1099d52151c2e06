using System.Text;
using System.Text.Json.Serialization;
using EventSourcing.Storage;

namespace EventSourcing.Tests.Shared;

/// <summary>Order events in three shapes, as three versions of a program know them.</summary>
internal static class EvolvedShop
{
    /// <summary>What version 1 of the program knows.</summary>
    internal static EventTypeMap First { get; } = EventTypeMap.Create(EvolvedJson.Default, map => map
        .Add<OrderOpenedV1>("order-opened").Add<CentsPaid>("cents-paid").Add<BasketV1>("basket-filled").Add<Pinged>("pinged"));

    /// <summary>What version 2 of the program knows.</summary>
    internal static EventTypeMap Second { get; } = EventTypeMap.Create(EvolvedJson.Default, map => map
        .Add<OrderOpenedV2>("order-opened", e => e.SchemaVersion(2).Upcast(from: 1, ToTotal))
        .Add<CentsPaid>("cents-paid").Add<BasketV1>("basket-filled").Add<Pinged>("pinged"));

    /// <summary>What version 3 of the program knows: order-opened has its third shape, cents-paid became euros-paid, a basket became one event for each item, pinged has no use any more, and order-archived is read before it is written.</summary>
    internal static EventTypeMap Third { get; } = EventTypeMap.Create(EvolvedJson.Default, map => map
        .Add<OrderOpened>("order-opened", e => e.SchemaVersion(3)
            .Upcast(from: 1, ToTotal)
            .Upcast<OrderOpenedV2>(from: 2, old => new OrderOpened(old.OrderId, new Money(old.Total, "EUR")))
            .Require("An order has an id", o => o.OrderId.Length > 0)
            .Require("The total is not negative", o => o.Total.Amount >= 0)
            .Require("The currency has three letters", o => o.Total.Currency.Length == 3))
        .Add<EurosPaid>("euros-paid", e => e.Require("The amount is above 0", p => p.Amount > 0))
        .Add<CentsPaid>("cents-paid", e => e.UpcastTo(old => new EurosPaid(old.Cents / 100m)))
        .Add<SkuAdded>("sku-added")
        .Add<BasketFilled>("basket-filled", e => e.SchemaVersion(2).UpcastMany<BasketV1>(
            from: 1, old => old.Skus is [] ? [new BasketFilled(0)] : old.Skus.Select(sku => new SkuAdded(sku)), typeof(SkuAdded), typeof(BasketFilled)))
        .Add<Pinged>("pinged", e => e.UpcastToMany(_ => []))
        .Add<OrderArchived>("order-archived", e => e.ReadOnly()));

    /// <summary>What is stored, as the three versions wrote it: type, schema number and bytes.</summary>
    internal static readonly (string Type, int SchemaVersion, string Json)[] Golden =
    [
        ("order-opened", 1, """{"orderId":"1","cents":1250}"""),
        ("pinged", 1, "{}"),
        ("order-opened", 2, """{"orderId":"2","total":25.50}"""),
        ("cents-paid", 1, """{"cents":399}"""),
        ("basket-filled", 1, """{"skus":["a","b","c"]}"""),
        ("order-opened", 3, """{"orderId":"3","total":{"amount":0.1,"currency":"USD"}}"""),
        ("basket-filled", 2, """{"count":7}"""),
        ("basket-filled", 1, """{"skus":[]}"""),
        ("euros-paid", 1, """{"amount":4}"""),
        ("pinged", 1, "{}"),
    ];

    /// <summary>What the golden log reads as, with position and ordinal.</summary>
    internal static readonly (object Data, int Position, int Ordinal)[] Read =
    [
        (new OrderOpened("1", new(12.5m, "EUR")), 1, 0),
        (new OrderOpened("2", new(25.5m, "EUR")), 3, 0),
        (new EurosPaid(3.99m), 4, 0),
        (new SkuAdded("a"), 5, 0), (new SkuAdded("b"), 5, 1), (new SkuAdded("c"), 5, 2),
        (new OrderOpened("3", new(0.1m, "USD")), 6, 0),
        (new BasketFilled(7), 7, 0),
        (new BasketFilled(0), 8, 0),
        (new EurosPaid(4m), 9, 0),
    ];

    internal static async Task WriteGoldenAsync(this IEventLog log, string stream = "order-1")
    {
        foreach (var (type, schemaVersion, json) in Golden)
        {
            var e = new LogEvent { Type = type, SchemaVersion = schemaVersion, Data = Encoding.UTF8.GetBytes(json), IsJson = true };
            await log.AppendAsync(new() { Writes = new StreamWrite[] { new(stream, ExpectedVersion.Any, new[] { e }) } }, default);
        }
    }

    private static System.Text.Json.Nodes.JsonObject ToTotal(System.Text.Json.Nodes.JsonObject json)
    {
        json["total"] = (decimal)json["cents"]! / 100;
        json.Remove("cents");
        return json;
    }
}

internal sealed record OrderOpenedV1(string OrderId, int Cents);

internal sealed record OrderOpenedV2(string OrderId, decimal Total);

internal sealed record Money(decimal Amount, string Currency);

internal sealed record OrderOpened(string OrderId, Money Total);

internal sealed record CentsPaid(int Cents);

internal sealed record EurosPaid(decimal Amount);

internal sealed record BasketV1(string[] Skus);

internal sealed record BasketFilled(int Count);

internal sealed record SkuAdded(string Sku);

internal sealed record Pinged;

internal sealed record OrderArchived(string Reason);

internal sealed record EvolvedRow(decimal Opened, decimal Paid, string Items);

/// <summary>All of a stream, by its events of today.</summary>
internal sealed class EvolvedOrders : Projection<EvolvedRow>
{
    internal EvolvedOrders() : base("evolved-orders", 1, EvolvedJson.Default.EvolvedRow)
    {
        KeyIsStream("order");
        On<OrderOpened>((row, e) => Of(row) with { Opened = Of(row).Opened + e.Total.Amount });
        On<EurosPaid>((row, e) => Of(row) with { Paid = Of(row).Paid + e.Amount });
        On<SkuAdded>((row, e) => Of(row) with { Items = Of(row).Items + e.Sku });
    }

    private static EvolvedRow Of(EvolvedRow? row) => row ?? new(0, 0, "");
}

/// <summary>The same view of the program's second version.</summary>
internal sealed class SecondOrders : Projection<EvolvedRow>
{
    internal SecondOrders() : base("evolved-orders", 1, EvolvedJson.Default.EvolvedRow)
    {
        KeyIsStream("order");
        On<OrderOpenedV2>((row, e) => new((row?.Opened ?? 0) + e.Total, 0, ""));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderOpenedV1)), JsonSerializable(typeof(OrderOpenedV2)), JsonSerializable(typeof(OrderOpened)), JsonSerializable(typeof(CentsPaid)), JsonSerializable(typeof(EurosPaid))]
[JsonSerializable(typeof(BasketV1)), JsonSerializable(typeof(BasketFilled)), JsonSerializable(typeof(SkuAdded)), JsonSerializable(typeof(Pinged)), JsonSerializable(typeof(OrderArchived)), JsonSerializable(typeof(EvolvedRow))]
internal sealed partial class EvolvedJson : JsonSerializerContext;
