using EventSourcing;
using EventSourcing.Hosting;
using EventSourcing.Sqlite;
using Microsoft.Extensions.Diagnostics.HealthChecks;
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
    var stored = await host.Services.GetRequiredService<IEventStore>().AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 2m), new OrderPaid(1m)]);
    await host.Services.GetRequiredService<EventViews>().CatchUpAsync();
    var row = await new OrderPages(host.Services.GetRequiredService<IView<OrderRow>>()).ShowAsync("42", stored.LastPosition);
    if (row is not { Id: "42", Customer: "ann@example.com", Total: 2m, Paid: 1m }) throw new InvalidOperationException($"The view has {row}.");
    await host.Services.GetRequiredKeyedService<IEventStore>("billing").AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderPaid(1m)]);
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
