using EventSourcing;
using EventSourcing.Hosting;
using EventSourcing.Sqlite;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

var builder = WebApplication.CreateBuilder();
builder.Services.AddScoped<Carrier>();
var other = WebApplication.CreateBuilder();
other.Services.AddHealthChecks();
await using var app = other.Build();

// blocks

await using (var host = builder.Build())
{
    await host.Services.GetRequiredService<IEventStore>().AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderPaid(1m)]);
    await host.Services.GetRequiredKeyedService<IEventStore>("billing").AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderPaid(1m)]);
}

internal sealed class Carrier
{
    public Task BookAsync(StreamId order, CancellationToken cancellationToken) => Task.CompletedTask;
}

internal sealed class PayOrderHandler : ICommandHandler<PayOrder>
{
    public async Task<IEnumerable<object>> HandleAsync(PayOrder command, CommandContext context, CancellationToken cancellationToken)
    {
        StreamId stream = $"order-{command.OrderId}";
        return (await context.LoadAsync<Order>(stream, cancellationToken)).Pay(command.Amount).Select(e => EventData.For(stream, e));
    }
}
