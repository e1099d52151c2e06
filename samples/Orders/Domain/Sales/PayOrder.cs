using EventSourcing;

namespace Orders.Domain.Sales;

/// <summary>Pay so much for an order.</summary>
public sealed record PayOrder(string OrderId, decimal Amount);

/// <summary>Decides <see cref="PayOrder"/>.</summary>
public sealed class PayOrderHandler : ICommandHandler<PayOrder>
{
    /// <inheritdoc/>
    public async Task<IEnumerable<object>> HandleAsync(PayOrder command, CommandContext context, CancellationToken cancellationToken)
    {
        var stream = Streams.Order(command.OrderId);
        var order = await context.LoadAsync<Order>(stream, cancellationToken);
        return order.Pay(command.Amount).Select(e => EventData.For(stream, e));
    }
}
