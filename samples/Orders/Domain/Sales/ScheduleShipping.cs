using EventSourcing;

namespace Orders.Domain.Sales;

/// <summary>Have the goods of an order sent.</summary>
public sealed record ScheduleShipping(string OrderId);

/// <summary>Decides <see cref="ScheduleShipping"/>.</summary>
public sealed class ScheduleShippingHandler : ICommandHandler<ScheduleShipping>
{
    /// <inheritdoc/>
    public async Task<IEnumerable<object>> HandleAsync(ScheduleShipping command, CommandContext context, CancellationToken cancellationToken)
    {
        var stream = Streams.Order(command.OrderId);
        var order = await context.LoadAsync<Order>(stream, cancellationToken);
        return order.ScheduleShipping().Select(e => EventData.For(stream, e));
    }
}
