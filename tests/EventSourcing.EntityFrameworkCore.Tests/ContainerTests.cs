using EventSourcing.Hosting;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NUnit.Framework;

namespace EventSourcing.EntityFrameworkCore.Tests;

internal sealed class ContainerTests
{
    [Test]
    public async Task A_host_starts_a_projection_as_a_subscriber([Values(null, "billing")] string? key, [Values] bool isPooled)
    {
        using var database = new ShopDatabase();
        var services = new ServiceCollection();
        services.AddLogging();
        if (isPooled) services.AddPooledDbContextFactory<ShopContext>(o => o.UseSqlite(database.ConnectionString));
        else services.AddDbContextFactory<ShopContext>(o => o.UseSqlite(database.ConnectionString));
        void Configure(EventSourcingBuilder es) => es.UseInMemory().UseEventTypes(Shop.Types).AddDbContextProjection<OrderRows, ShopContext>().AddDbContextProjection<OrderRows, ShopContext>();
        if (key is null) services.AddEventSourcing(Configure);
        else services.AddEventSourcing(key, Configure);
        services.AddEventSourcingHosting();
        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
        var (store, bus) = key is null
            ? (provider.GetRequiredService<IEventStore>(), provider.GetRequiredService<EventBus>())
            : (provider.GetRequiredKeyedService<IEventStore>(key), provider.GetRequiredKeyedService<EventBus>(key));
        var host = provider.GetServices<IHostedService>().First(s => s.GetType().Assembly == typeof(EventSourcingHostingExtensions).Assembly);

        await host.StartAsync(CancellationToken.None);
        await Shop.AppendAsync(store, 0, 30);
        var subscription = bus.Subscriptions.Should().ContainSingle().Subject;
        subscription.Name.Should().Be("order-rows");
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(120)).WaitAsync(Signal.Patience);
        await host.StopAsync(CancellationToken.None);
        await database.VerifyAsync(30);
    }

    [Test]
    public async Task A_projection_class_is_started_on_a_bus()
    {
        using var database = new ShopDatabase();
        await using var store = new EventStore(new InMemoryEventLog(), Shop.Types);
        await using var bus = new EventBus(store);
        await Shop.AppendAsync(store, 0, 5);
        var subscription = await bus.ProjectAsync(new OrderRows(), database);
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(20)).WaitAsync(Signal.Patience);
        await database.VerifyAsync(5);
    }
}
