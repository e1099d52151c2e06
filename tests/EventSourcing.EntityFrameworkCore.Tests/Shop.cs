using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;

namespace EventSourcing.EntityFrameworkCore.Tests;

internal static class Shop
{
    internal static readonly EventTypeMap Types = EventTypeMap.Create(ShopJson.Default, map => map.Add<Placed>("placed").Add<Paid>("paid").Add<Noted>("noted"));

    internal static void Project(DbContextHandlers<ShopContext> events) => events
        .On<Placed>((shop, placed, e) => shop.Orders.Add(new() { Id = e.StreamId.Value, Total = placed.Total }))
        .On<Paid>(PayAsync);

    internal static async Task PayAsync(ShopContext shop, Paid paid, EventEnvelope e, CancellationToken cancellationToken)
    {
        var order = await shop.Orders.FindAsync([e.StreamId.Value], cancellationToken);
        order!.Paid += paid.Amount;
        order.Payments++;
    }

    /// <summary>Appends orders, each followed by a payment of 1 and a payment of 2, and by an event that the projection does not take.</summary>
    internal static async Task AppendAsync(IEventStore store, int from, int count)
    {
        for (var i = from; i < from + count; i++)
            await store.AppendAsync($"order-{i}", ExpectedVersion.NoStream, [new Placed(i), new Paid(1), new Noted("n"), new Paid(2)]);
    }
}

internal sealed record Placed(long Total);

internal sealed record Paid(long Amount);

internal sealed record Noted(string Text);

[JsonSerializable(typeof(Placed)), JsonSerializable(typeof(Paid)), JsonSerializable(typeof(Noted))]
internal sealed partial class ShopJson : JsonSerializerContext;

internal sealed class Order
{
    public string Id { get; set; } = "";

    public long Total { get; set; }

    public long Paid { get; set; }

    public int Payments { get; set; }
}

internal sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddEventSourcingCheckpoints();
}

internal sealed class BareContext(DbContextOptions<BareContext> options) : DbContext(options);

internal sealed class OrderRows : DbContextProjection<ShopContext>
{
    public OrderRows() : base("order-rows")
    {
        Options = new() { CheckpointEvery = 50 };
        On<Placed>((shop, placed, e) => shop.Orders.Add(new() { Id = e.StreamId.Value, Total = placed.Total }));
        On<Paid>(Shop.PayAsync);
    }
}
