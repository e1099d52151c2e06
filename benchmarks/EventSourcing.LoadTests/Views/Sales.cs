using System.Text.Json.Serialization;

namespace EventSourcing.LoadTests.Views;

/// <summary>A line of an order: about 110 bytes of JSON.</summary>
internal sealed record LineSold(string Order, string Customer, string Country, string Sku, int Quantity, decimal Price);

/// <summary>An order: about 130 bytes of JSON.</summary>
internal sealed record OrderDocument(string Order, string Customer, int Lines, long Quantity, decimal Net, DateTimeOffset LastLine);

/// <summary>Totals of a key.</summary>
internal sealed record SalesDocument(long Lines, long Quantity, decimal Net);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LineSold)), JsonSerializable(typeof(OrderDocument)), JsonSerializable(typeof(SalesDocument))]
internal sealed partial class SalesJson : JsonSerializerContext;

internal static class Sales
{
    internal static readonly EventTypeMap Types = EventTypeMap.Create(SalesJson.Default, map => map.Add<LineSold>("line-sold"));

    /// <summary>The events of so many orders; the lines of an order are close together.</summary>
    internal static IEnumerable<LineSold> Make(int events, int orders)
    {
        var lines = Math.Max(1, events / orders);
        for (var i = 0; i < events; i++)
        {
            // Ten orders are entered at the same time.
            var block = i / (10 * lines);
            var order = (block * 10) + (i % 10);
            yield return new($"{order % orders:D7}", $"customer-{order * 7919 % 1000:D4}", $"country-{order % 100:D2}", $"sku-{i * 31 % 5000:D4}", 1 + (i % 7), 5.25m + (i % 400 / 4m));
        }
    }

    internal static async Task FillAsync(IEventStore store, int events, int orders)
    {
        foreach (var chunk in Make(events, orders).Chunk(1000)) await store.AppendAsync($"till-{chunk[0].Order}", ExpectedVersion.Any, chunk);
    }

    internal static OrderDocument Apply(OrderDocument? document, LineSold e, DateTimeOffset at) =>
        new(e.Order, e.Customer, (document?.Lines ?? 0) + 1, (document?.Quantity ?? 0) + e.Quantity, (document?.Net ?? 0) + (e.Quantity * e.Price), at);

    internal static SalesDocument Apply(SalesDocument? document, LineSold e) =>
        new((document?.Lines ?? 0) + 1, (document?.Quantity ?? 0) + e.Quantity, (document?.Net ?? 0) + (e.Quantity * e.Price));
}

internal sealed class OrderDocuments : Projection<OrderDocument>
{
    internal OrderDocuments(string name) : base(name, 1, SalesJson.Default.OrderDocument)
    {
        Key<LineSold>((e, _) => e.Order);
        On<LineSold>((row, e, envelope) => Sales.Apply(row, e, envelope.Timestamp));
    }
}

internal sealed class SalesBy : Projection<SalesDocument>
{
    internal SalesBy(string name, Func<LineSold, string> key) : base(name, 1, SalesJson.Default.SalesDocument)
    {
        Key<LineSold>((e, _) => key(e));
        On<LineSold>((row, e) => Sales.Apply(row, e));
    }
}

internal sealed class SalesTally : Tally
{
    internal SalesTally(string name) : base(name, 1) =>
        For<LineSold>().By("sku", e => e.Sku).Count("lines").Add("quantity", e => e.Quantity).Add("net", e => e.Quantity * e.Price).Max("highest", e => e.Price);
}
