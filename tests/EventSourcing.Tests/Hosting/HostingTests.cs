using System.Text.Json.Serialization;
using EventSourcing.Bus;
using EventSourcing.Commands;
using EventSourcing.DependencyInjection;
using EventSourcing.Hosting;
using EventSourcing.Serialization;
using EventSourcing.Subscriptions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace EventSourcing.Tests.Hosting;

public sealed record Shipped(string Order);

public sealed record Invoice(string Order);

public sealed record Invoiced(string Order);

[JsonSerializable(typeof(Shipped)), JsonSerializable(typeof(Invoice)), JsonSerializable(typeof(Invoiced))]
internal sealed partial class HostingJson : JsonSerializerContext;

public sealed class Harbour
{
    public List<string> Orders { get; } = [];

    public bool IsClosed { get; set; }
}

public sealed class HarbourListener : Listener
{
    public HarbourListener(Harbour harbour) : base("harbour")
    {
        Options = new() { OnFailure = OnFailure.RetryThenPark(times: 0) };
        On<Shipped>((shipped, _, _) =>
        {
            if (harbour.IsClosed) throw new InvalidOperationException("closed");
            harbour.Orders.Add(shipped.Order);
            return default;
        });
    }
}

public sealed class InvoiceHandler : ICommandHandler<Invoice>
{
    public ValueTask<IEnumerable<object>> HandleAsync(Invoice command, CommandContext context, CancellationToken cancellationToken) =>
        new([new Invoiced(command.Order).In("invoices")]);
}

public sealed class InvoiceWhenShipped : Listener
{
    public InvoiceWhenShipped() : base("invoice-when-shipped") => React<Shipped>((shipped, _) => shipped.Order == "gift" ? null : new Invoice(shipped.Order));
}

[Parallelizable(ParallelScope.All)]
public class HostingTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static readonly EventTypeMap s_types = EventTypeMap.Create(map => map.Add("shipped", HostingJson.Default.Shipped).Add("invoiced", HostingJson.Default.Invoiced));

    private static ServiceProvider Build() => Build(es => es.AddListener<HarbourListener>());

    private static ServiceProvider Build(Action<EventSourcingBuilder> listeners) => new ServiceCollection()
        .AddSingleton<Harbour>()
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
        .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
        .AddEventSourcing(es => listeners(es.UseInMemory().UseEventTypes(s_types)))
        .AddEventSourcingHosting()
        .BuildServiceProvider();

    private static IHostedService Runner(ServiceProvider services) => services.GetServices<IHostedService>().Single(s => s.GetType().Namespace!.StartsWith("EventSourcing.", StringComparison.Ordinal));

    [Test]
    public async Task Listeners_start_and_stop_with_the_host_and_leave_their_checkpoint()
    {
        await using var services = Build();
        var store = services.GetRequiredService<IEventStore>();
        var runner = Runner(services);
        await runner.StartAsync(default);
        var last = await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a"), new Shipped("b")]);
        var subscription = services.GetRequiredService<Subscriber>().Subscriptions.Single();
        await subscription.WaitForAsync(last.LastPosition).WaitAsync(s_patience);
        Assert.That(services.GetRequiredService<Harbour>().Orders, Is.EqualTo("a b".Split(' ')));
        await runner.StopAsync(default);
        Assert.That(subscription.State, Is.EqualTo(SubscriptionState.Stopped));
        Assert.That((await subscription.GetStatusAsync()).Position, Is.EqualTo(last.LastPosition));
        Assert.That((await store.Log.ReadRecordsAsync(EventSourcing.Storage.RecordKind.Checkpoint, "harbour", "harbour", 1, default))[0].Revision, Is.EqualTo(2));
    }

    [Test]
    public async Task Listener_that_reacts_sends_its_commands_to_the_handlers_of_the_container()
    {
        await using var services = Build(es => es.AddCommandHandler<Invoice, InvoiceHandler>(HostingJson.Default.Invoice).AddListener<InvoiceWhenShipped>());
        var store = services.GetRequiredService<IEventStore>();
        var runner = Runner(services);
        await runner.StartAsync(default);
        await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a"), new Shipped("gift"), new Shipped("b")]);
        var subscription = services.GetRequiredService<Subscriber>().Subscriptions.Single();
        for (var i = 0; i < 3; i++)
        {
            await subscription.WaitForAsync(await store.GetHeadAsync()).WaitAsync(s_patience);
            await subscription.ResetAsync(Start.Beginning).WaitAsync(s_patience);
        }

        await runner.StopAsync(default);
        Assert.That((await store.ReadStreamAsync("invoices").ToListAsync()).Select(e => e.Data), Is.EqualTo(new[] { new Invoiced("a"), new Invoiced("b") }));
    }

    [Test]
    public async Task Listener_that_reacts_keeps_a_host_without_command_handlers_from_starting()
    {
        await using var services = Build(es => es.AddListener<InvoiceWhenShipped>());
        Assert.ThrowsAsync<InvalidOperationException>(() => Runner(services).StartAsync(default));
    }

    [Test]
    public async Task Health_checks_tell_of_parked_events_and_of_a_closed_store()
    {
        await using var services = Build();
        var store = services.GetRequiredService<IEventStore>();
        var health = services.GetRequiredService<HealthCheckService>();
        var runner = Runner(services);
        await runner.StartAsync(default);
        Assert.That((await health.CheckHealthAsync()).Status, Is.EqualTo(HealthStatus.Healthy));
        services.GetRequiredService<Harbour>().IsClosed = true;
        var last = await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a")]);
        await services.GetRequiredService<Subscriber>().Subscriptions.Single().WaitForAsync(last.LastPosition).WaitAsync(s_patience);
        var report = await health.CheckHealthAsync();
        Assert.That(report.Entries["event-subscriptions"].Status, Is.EqualTo(HealthStatus.Degraded));
        Assert.That(report.Entries["event-subscriptions"].Description, Does.Contain("harbour has 1 events set aside"));
        await runner.StopAsync(default);
        await store.DisposeAsync();
        Assert.That((await health.CheckHealthAsync()).Entries["event-store"].Status, Is.EqualTo(HealthStatus.Unhealthy));
    }
}
