using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Tests.DependencyInjection;

public sealed class KeyedStoreTests
{
    private sealed class Recorder([ServiceKey] string key, [FromKeyedServices("billing")] IEventStore store) : ICommandHandler<Note>
    {
        public Task<IEnumerable<object>> HandleAsync(Note command, CommandContext context, CancellationToken cancellationToken) =>
            Task.FromResult<IEnumerable<object>>([EventData.For(command.Stream, new Noted($"{command.Text} {key} {store.Types.Types.Count}"))]);
    }

    private sealed class NoteTaker : ICommandHandler<Note>
    {
        public Task<IEnumerable<object>> HandleAsync(Note command, CommandContext context, CancellationToken cancellationToken) => Task.FromResult<IEnumerable<object>>([EventData.For(command.Stream, new Noted(command.Text))]);
    }

    private static ServiceProvider Build() => new ServiceCollection()
        .AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types).AddCommandHandler<Note, NoteTaker>(SchoolJson.Default.Note))
        .AddEventSourcing("billing", es => es.UseInMemory().UseEventTypes(School.Types).AddCommandHandler<Note, Recorder>(SchoolJson.Default.Note))
        .AddEventSourcing("archive", es => es.UseInMemory().UseEventTypes(Shop.Types).ConfigureSubscriptions(o => o.LeaseTimeout = TimeSpan.FromSeconds(8)))
        .BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });

    [Test]
    public async Task Stores_with_keys_are_apart_from_each_other_and_from_the_one_without()
    {
        await using var services = Build();
        IEventStore[] stores = [services.GetRequiredService<IEventStore>(), services.GetRequiredKeyedService<IEventStore>("billing"), services.GetRequiredKeyedService<IEventStore>("archive")];
        stores.Select(s => s.Log).Should().OnlyHaveUniqueItems();
        await stores[2].AppendAsync("order-1", ExpectedVersion.NoStream, [new OrderPaid(1)]);
        (await stores[0].GetHeadAsync(), await stores[1].GetHeadAsync(), await stores[2].GetHeadAsync()).Should().Be((GlobalPosition.Start, GlobalPosition.Start, GlobalPosition.FromInt64(1)));
        services.GetRequiredKeyedService<EventBus>("archive").LeaseTimeout.Should().Be(TimeSpan.FromSeconds(8));
        services.GetRequiredService<EventBus>().LeaseTimeout.Should().Be(TimeSpan.FromSeconds(6));
    }

    [Test]
    public async Task Commands_of_a_store_with_a_key_reach_its_own_handlers()
    {
        await using var services = Build();
        await services.GetRequiredKeyedService<ICommandBus>("billing").SendAsync(new Note("a", "x"));
        await services.GetRequiredService<ICommandBus>().SendAsync(new Note("a", "y"));
        (await services.GetRequiredKeyedService<IEventStore>("billing").ReadStreamAsync("a").Select(e => ((Noted)e.Data).Text).SingleAsync()).Should().Be("x billing 5");
        (await services.GetRequiredService<IEventStore>().ReadStreamAsync("a").Select(e => ((Noted)e.Data).Text).SingleAsync()).Should().Be("y");
        services.GetKeyedService<ICommandBus>("archive").Should().BeNull();
    }

    [Test]
    public async Task Subscribers_belong_to_the_store_that_they_were_added_to_and_count_once()
    {
        await using var services = new ServiceCollection()
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types).AddSubscriber<Quiet>().AddSubscriber<Quiet>())
            .AddEventSourcing("billing", es => es.UseInMemory().UseEventTypes(School.Types).AddSubscriber<Quiet>())
            .BuildServiceProvider();
        services.GetServices<EventSubscriber>().Should().ContainSingle().Which.Should().NotBeSameAs(services.GetKeyedServices<EventSubscriber>("billing").Should().ContainSingle().Subject);
    }

    private sealed class Quiet() : EventSubscriber("quiet");

    [Test]
    public async Task What_a_store_with_a_key_lacks_is_named_with_its_key()
    {
        await using var services = new ServiceCollection().AddEventSourcing("billing", es => es.UseEventTypes(Shop.Types)).AddEventSourcing("archive", es => es.UseInMemory()).BuildServiceProvider();
        services.Invoking(p => p.GetRequiredKeyedService<IEventStore>("billing")).Should().Throw<InvalidOperationException>().WithMessage("*AddEventSourcing(\"billing\", …)*UseSqlite(*");
        services.Invoking(p => p.GetRequiredKeyedService<IEventStore>("archive")).Should().Throw<InvalidOperationException>().WithMessage("*AddEventSourcing(\"archive\", …)*UseEventTypes(*");
    }

    [Test]
    public async Task Container_disposes_every_store()
    {
        var services = Build();
        IEventStore[] stores = [services.GetRequiredService<IEventStore>(), services.GetRequiredKeyedService<IEventStore>("billing")];
        await services.DisposeAsync();
        foreach (var store in stores) await store.Invoking(s => s.GetHeadAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }
}
