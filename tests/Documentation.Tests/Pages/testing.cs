using EventSourcing;
using EventSourcing.Storage;
using EventSourcing.Testing;
using Microsoft.Extensions.Time.Testing;

var shop = new Specification(Shop.Types);

// blocks

internal sealed class PayOrderHandler : ICommandHandler<PayOrder>
{
    public async Task<IEnumerable<object>> HandleAsync(PayOrder command, CommandContext context, CancellationToken cancellationToken)
    {
        StreamId stream = $"order-{command.OrderId}";
        return (await context.LoadAsync<Order>(stream, cancellationToken)).Pay(command.Amount).Select(e => EventData.For(stream, e));
    }
}

internal sealed class OrderList : Projection<OrderRow>
{
    public OrderList() : base("order-list", version: 1, ShopJson.Default.OrderRow)
    {
        KeyIsStream("order");
        On<OrderCreated>((_, e) => new(e.OrderId, e.TotalPrice, 0m));
        OnExisting<OrderPaid>((row, e) => row with { Paid = row.Paid + e.Amount });
    }
}
