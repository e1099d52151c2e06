using System.Text.Json.Serialization;

namespace EventSourcing.Tests.Shared;

/// <summary>Events and tallies for tests.</summary>
internal static class TallyShop
{
    internal static readonly EventTypeMap Types = EventTypeMap.Create(TallyShopJson.Default, map => map.Add<Sold>("sold").Add<Returned>("returned"));
}

internal sealed record Line(string Sku, long Quantity, decimal Price);

internal sealed record Sold(string? Country, Line[] Lines);

internal sealed record Returned(string? Country, string Sku, long Quantity, decimal Price);

/// <summary>Orders and what they brought, by day: one dimension.</summary>
internal sealed class SalesByDay : Tally
{
    internal SalesByDay(int version = 1) : base("sales-by-day", version) =>
        For<Sold>().By("day", (_, envelope) => DateOnly.FromDateTime(envelope.Timestamp.UtcDateTime)).Count("orders").Add("net", e => e.Lines.Sum(line => line.Quantity * line.Price));
}

/// <summary>What was sold and returned, by country and SKU: two dimensions, several rules, every kind of figure.</summary>
internal sealed class SalesBySku : Tally
{
    internal SalesBySku() : base("sales-by-sku", 1)
    {
        ForEach<Sold, (Sold Order, Line Line)>(e => e.Lines.Select(line => (e, line)))
            .By("country", item => item.Order.Country).By("sku", item => item.Line.Sku)
            .Count("lines").Add("quantity", item => item.Line.Quantity).Add("net", item => item.Line.Quantity * (item.Line.Price + Surcharge))
            .Min("lowest", item => item.Line.Price).Max("largest", item => item.Line.Quantity);
        For<Returned>().Where(e => e.Quantity > 0)
            .By("sku", e => e.Sku).By("country", e => e.Country)
            .Subtract("quantity", e => e.Quantity).Subtract("net", e => e.Quantity * e.Price).Count("returns");
    }

    /// <summary>Makes the tally impure, for a test of verification.</summary>
    internal decimal Surcharge { get; set; }
}

[JsonSerializable(typeof(Sold)), JsonSerializable(typeof(Returned))]
internal sealed partial class TallyShopJson : JsonSerializerContext;
