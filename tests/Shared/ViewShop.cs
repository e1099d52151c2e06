using System.Text.Json.Serialization;

namespace EventSourcing.Tests.Shared;

/// <summary>Events and views for tests.</summary>
internal static class ViewShop
{
    internal static readonly EventTypeMap Types = EventTypeMap.Create(ViewShopJson.Default, map => map.Add<Placed>("placed", e => e.Tag("customer", "Customer")).Add<Settled>("settled").Add<Added>("added").Add<Renamed>("renamed"));

    internal static ViewSet Orders(int version = 1) => new("orders", version, [new OrderList(), new CustomerCards()]);
}

internal sealed record Placed(string Customer, decimal Total);

internal sealed record Settled(decimal Amount);

internal sealed record Added(string Sku, int Quantity);

internal sealed record Renamed(string From, string To);

internal sealed record OrderRow(string Id, string Customer, decimal Total, decimal Paid, DateTimeOffset Created);

internal sealed record CustomerCard(string Customer, int Orders, decimal Total, decimal LastTotal);

internal sealed record Counted(long Count);

/// <summary>Every order, by its stream.</summary>
internal sealed class OrderList : Projection<OrderRow>
{
    internal OrderList(int version = 1) : base("order-list", version, ViewShopJson.Default.OrderRow)
    {
        KeyIsStream("order");
        Index("customer", row => row.Customer);
        Index("total", row => row.Total);
        Index("created", row => row.Created);
        On<Placed>((_, e, envelope) => new(envelope.StreamId.Id, e.Customer, e.Total, 0, envelope.Timestamp));
        Keys<Renamed>((e, rows) => rows.Find("customer", e.From));
        OnExisting<Renamed>((row, e) => row with { Customer = e.To });
        OnExisting<Settled>((row, e) => e.Amount < 0 ? null : row with { Paid = row.Paid + e.Amount });
    }
}

/// <summary>What each customer ordered: found for a payment by a look-up in the order list.</summary>
internal sealed class CustomerCards : Projection<CustomerCard>
{
    internal CustomerCards() : base("customer-cards", 1, ViewShopJson.Default.CustomerCard)
    {
        After("order-list");
        Index("orders", card => card.Orders);
        Key<Placed>((e, _) => e.Customer);
        On<Placed>((card, e, envelope, rows) =>
            new(e.Customer, (card?.Orders ?? 0) + 1, (card?.Total ?? 0) + e.Total, rows.Of<OrderRow>("order-list").Get(envelope.StreamId.Id)!.Total));
    }
}

/// <summary>How many items were added, by SKU.</summary>
internal sealed class ItemCounts : Projection<Counted>
{
    internal ItemCounts(int version = 1, bool failsAtZero = false) : base("item-counts", version, ViewShopJson.Default.Counted)
    {
        Key<Added>((e, _) => e.Sku);
        On<Added>((row, e) => failsAtZero && e.Quantity == 0 ? throw new InvalidOperationException("zero") : new((row?.Count ?? 0) + e.Quantity));
    }
}

/// <summary>Two documents of each order, whose counts are the lengths of their keys.</summary>
internal sealed class Halves : Projection<Counted>
{
    internal Halves() : base("halves", 1, ViewShopJson.Default.Counted)
    {
        Keys<Placed>((e, envelope, _) => [$"{envelope.StreamId.Id}-", $"{envelope.StreamId.Id}-{e.Customer}"]);
        On<Placed>((_, _, _, rows) => new(rows.Key.Length));
    }
}

[JsonSerializable(typeof(OrderRow)), JsonSerializable(typeof(CustomerCard)), JsonSerializable(typeof(Counted))]
[JsonSerializable(typeof(Placed)), JsonSerializable(typeof(Settled)), JsonSerializable(typeof(Added)), JsonSerializable(typeof(Renamed))]
internal sealed partial class ViewShopJson : JsonSerializerContext;
