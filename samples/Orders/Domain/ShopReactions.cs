using EventSourcing;
using Orders.Domain.Sales;

namespace Orders.Domain;

/// <summary>Which event leads to which command. The names are stored: another name would be another reaction, and send its commands once more.</summary>
public static class ShopReactions
{
    /// <summary>Starts them; they end with the bus, and continue after their checkpoint when they are started again.</summary>
    public static async Task<IReadOnlyList<Subscription>> StartAsync(EventBus bus, CancellationToken cancellationToken = default) =>
    [
        await bus.ReactAsync<OrderPaid, ScheduleShipping>("ship-when-paid", (_, e) => new(Streams.IdOf(e.StreamId)), null, cancellationToken),
        await bus.ReactAsync<OrderCancelled, RefundOrder>("refund-when-cancelled", (_, e) => new(Streams.IdOf(e.StreamId)), null, cancellationToken),
    ];
}
