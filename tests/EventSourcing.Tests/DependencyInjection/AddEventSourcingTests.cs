using System.Buffers;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.DependencyInjection;

public class AddEventSourcingTests
{
    [Test]
    public async Task Store_in_memory_is_a_singleton_with_the_containers_clock()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        await using var provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(clock)
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(Shop.Types))
            .BuildServiceProvider(validateScopes: true);
        var store = provider.GetRequiredService<IEventStore>();
        await store.AppendAsync("order-1", ExpectedVersion.NoStream, [new OrderPaid(1)]);
        (await store.GetStreamInfoAsync("order-1")).LastTimestamp.Should().Be(clock.GetUtcNow());
        provider.GetRequiredService<IEventStore>().Should().BeSameAs(store);
        provider.GetRequiredService<IEventLog>().Should().BeSameAs(store.Log);
        provider.GetRequiredService<EventTypeMap>().Should().BeSameAs(store.Types);
    }

    [Test]
    public async Task Options_without_a_clock_use_the_containers()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2000, 3, 1, 0, 0, 0, TimeSpan.Zero));
        var limits = new LogLimits { MaxEventBytes = 1000 };
        await using var provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(clock)
            .AddSingleton(new SubscriberOptions { LeaseTimeout = TimeSpan.FromSeconds(7) })
            .AddEventSourcing(es => es.UseInMemory(new() { Limits = limits }).UseEventTypes(Shop.Types))
            .BuildServiceProvider();
        var store = provider.GetRequiredService<IEventStore>();
        await store.AppendAsync("order-1", ExpectedVersion.NoStream, [new OrderPaid(1)]);
        (await store.GetStreamInfoAsync("order-1")).LastTimestamp.Should().Be(clock.GetUtcNow());
        var options = provider.GetRequiredService<Subscriber>().Options;
        (options.TimeProvider, options.LeaseTimeout).Should().Be((clock, TimeSpan.FromSeconds(7)));
    }

    [Test]
    public async Task Options_with_a_clock_keep_it_in_every_container()
    {
        var (own, first, second) = (new FakeTimeProvider(), new FakeTimeProvider(), new FakeTimeProvider());
        var (with, without) = (new SubscriberOptions { TimeProvider = own }, new SubscriberOptions { TimeProvider = null });
        foreach (var clock in new[] { first, second })
        {
            foreach (var (options, expected) in new[] { (with, own), (without, clock) })
            {
                await using var provider = new ServiceCollection()
                    .AddSingleton<TimeProvider>(clock)
                    .AddSingleton(options)
                    .AddEventSourcing(es => es.UseInMemory().UseEventTypes(Shop.Types))
                    .BuildServiceProvider();
                provider.GetRequiredService<Subscriber>().Options.TimeProvider.Should().BeSameAs(expected);
            }
        }

        without.TimeProvider.Should().BeSameAs(TimeProvider.System, "no container has changed the options");
    }

    [Test]
    public async Task Said_twice_the_last_holds_and_there_is_one_store()
    {
        var services = new ServiceCollection();
        services.AddEventSourcing(es => es.UseInMemory().UseEventTypes(EventTypeMap.Empty));
        services.AddEventSourcing(es => es.UseInMemory().UseEventTypes(Shop.Types));
        await using var provider = services.BuildServiceProvider();
        provider.GetServices<IEventStore>().Should().ContainSingle().Which.Types.Should().BeSameAs(Shop.Types);
        provider.GetServices<IEventLog>().Should().ContainSingle();
    }

    [Test]
    public async Task Missing_log_or_type_map_is_named_with_what_to_say()
    {
        await using var withoutLog = new ServiceCollection().AddEventSourcing(es => es.UseEventTypes(Shop.Types)).BuildServiceProvider();
        withoutLog.Invoking(p => p.GetRequiredService<IEventStore>()).Should().Throw<InvalidOperationException>().WithMessage("*UseInMemory()*");
        await using var withoutTypes = new ServiceCollection().AddEventSourcing(es => es.UseInMemory()).BuildServiceProvider();
        withoutTypes.Invoking(p => p.GetRequiredService<IEventStore>()).Should().Throw<InvalidOperationException>().WithMessage("*UseEventTypes(*");
    }

    [Test]
    public async Task Container_disposes_store_and_log()
    {
        var provider = new ServiceCollection().AddEventSourcing(es => es.UseInMemory().UseEventTypes(Shop.Types)).BuildServiceProvider();
        var store = provider.GetRequiredService<IEventStore>();
        await provider.DisposeAsync();
        await store.Invoking(s => s.GetHeadAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await store.Invoking(s => s.AppendAsync("s", ExpectedVersion.Any, [new OrderPaid(1)]).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Test]
    public async Task Serializer_of_the_type_map_is_used()
    {
        var types = EventTypeMap.Create(map => map.Add("order-paid", ShopJson.Default.OrderPaid).UseSerializer(new Silent()));
        await using var provider = new ServiceCollection()
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(types))
            .BuildServiceProvider();
        var store = provider.GetRequiredService<IEventStore>();
        await store.AppendAsync("s", ExpectedVersion.Any, [new OrderPaid(1)]);
        (await store.ReadAllAsync().SingleAsync()).Data.Should().Be("silent");
    }

    [Test]
    public void Null_is_refused()
    {
        FluentActions.Invoking(() => new ServiceCollection().AddEventSourcing(null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => new ServiceCollection().AddEventSourcing(es => es.UseEventTypes(null!))).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => new ServiceCollection().AddEventSourcing(es => es.UseLog(null!))).Should().Throw<ArgumentNullException>();
    }

    private sealed class Silent : IEventSerializer
    {
        public string ContentType => "application/x-silence";

        public bool IsJson => false;

        public void Serialize(EventType type, object data, IBufferWriter<byte> output)
        {
        }

        public object Deserialize(EventType type, in SerializedEvent stored) => "silent";
    }
}
