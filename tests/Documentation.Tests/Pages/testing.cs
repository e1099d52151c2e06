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
