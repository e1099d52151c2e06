using EventSourcing;
using Orders.Domain.Sales;

namespace Orders.Domain;

/// <summary>Who decides what is asked of the shop.</summary>
public static class ShopCommands
{
    /// <summary>The bus that sends commands to their handlers.</summary>
    public static ICommandBus On(IEventStore store) => new CommandBus(store, handlers => handlers
        .Add(ShopJson.Default.PayOrder, new PayOrderHandler())
        .Add(ShopJson.Default.ScheduleShipping, new ScheduleShippingHandler())
        .Add(ShopJson.Default.RefundOrder, new RefundOrderHandler()));
}
