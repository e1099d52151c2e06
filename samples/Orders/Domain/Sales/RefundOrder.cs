using EventSourcing;

namespace Orders.Domain.Sales;

/// <summary>Give back what was paid for an order that was called off.</summary>
public sealed record RefundOrder(string OrderId);

/// <summary>Decides <see cref="RefundOrder"/>.</summary>
public sealed class RefundOrderHandler : ICommandHandler<RefundOrder>
{
    /// <inheritdoc/>
    public async Task<IEnumerable<object>> HandleAsync(RefundOrder command, CommandContext context, CancellationToken cancellationToken)
    {
        var stream = Streams.Order(command.OrderId);
        var order = await context.LoadAsync<Order>(stream, cancellationToken);
        return order.Refund().Select(e => EventData.For(stream, e));
    }
}
