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
        Index("customer", row => row.Customer);
        Index("total", row => row.Total);
        On<OrderCreated>((_, e, envelope) => new(envelope.StreamId.Id, e.CustomerEmail, e.TotalPrice, 0m, envelope.Timestamp));
        OnExisting<OrderPaid>((row, e) => row with { Paid = row.Paid + e.Amount });
    }
}
