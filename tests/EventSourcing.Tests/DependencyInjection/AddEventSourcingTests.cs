using System.Buffers;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
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
            .AddEventSourcing(es => es.UseInMemory(o => o.Limits = limits).UseEventTypes(Shop.Types).ConfigureSubscriptions(o => o.LeaseTimeout = TimeSpan.FromSeconds(7)))
            .BuildServiceProvider();
        var store = provider.GetRequiredService<IEventStore>();
        await store.AppendAsync("order-1", ExpectedVersion.NoStream, [new OrderPaid(1)]);
        (await store.GetStreamInfoAsync("order-1")).LastTimestamp.Should().Be(clock.GetUtcNow());
        var options = provider.GetRequiredService<EventBus>().Host.Options;
        (options.TimeProvider, options.LeaseTimeout).Should().Be((clock, TimeSpan.FromSeconds(7)));
    }

    [Test]
    public async Task Options_with_a_clock_keep_it()
    {
        var (own, container) = (new FakeTimeProvider(new(2001, 1, 1, 0, 0, 0, TimeSpan.Zero)), new FakeTimeProvider(new(2002, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        foreach (var (given, expected) in new[] { (own, own), (null, container) })
        {
            await using var provider = new ServiceCollection()
                .AddSingleton<TimeProvider>(container)
                .AddEventSourcing(es => es.UseInMemory(o => o.TimeProvider = given).UseEventTypes(Shop.Types).ConfigureSubscriptions(o => o.TimeProvider = given))
                .BuildServiceProvider();
            provider.GetRequiredService<EventBus>().Host.Options.TimeProvider.Should().BeSameAs(expected);
            var store = provider.GetRequiredService<IEventStore>();
            await store.AppendAsync("order-1", ExpectedVersion.NoStream, [new OrderPaid(1)]);
            (await store.GetStreamInfoAsync("order-1")).LastTimestamp.Should().Be(expected.GetUtcNow());
        }
    }

    [Test]
    public async Task Settings_of_subscriptions_add_up_over_several_calls()
    {
        var services = new ServiceCollection();
        services.AddEventSourcing(es => es.UseInMemory().UseEventTypes(Shop.Types).ConfigureSubscriptions(o => (o.LeaseTimeout, o.StopTimeout) = (TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1))));
        services.AddEventSourcing(es => es.ConfigureSubscriptions(o => o.LeaseTimeout = TimeSpan.FromSeconds(9)));
        await using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<EventBus>().Host.Options;
        (options.LeaseTimeout, options.StopTimeout).Should().Be((TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(1)));
    }

    [Test]
    public void Setting_out_of_its_range_is_refused_where_it_is_made()
    {
        var act = () => new ServiceCollection().AddEventSourcing(es => es.UseInMemory(o => o.Limits = new() { MaxEventBytes = 0 }));
        act.Should().Throw<ArgumentOutOfRangeException>().WithMessage("*MaxEventBytes must be from 1 to*");
    }

    [Test]
    public async Task Modules_of_an_application_add_their_event_types_to_one_store()
    {
        var services = new ServiceCollection();
        services.AddEventSourcing(es => es.UseInMemory().UseEventTypes(Shop.Types));
        services.AddEventSourcing(es => es.UseEventTypes(School.Types).UseEventTypes(Shop.Types));
        await using var provider = services.BuildServiceProvider();
        provider.GetServices<IEventLog>().Should().ContainSingle();
        provider.GetServices<EventTypeMap>().Should().ContainSingle();
        var store = provider.GetServices<IEventStore>().Should().ContainSingle().Which;
        await store.AppendAsync("a", ExpectedVersion.NoStream, [new OrderPaid(1), new Noted("x")]);
        (await store.ReadStreamAsync("a").Select(e => e.Data).ToListAsync()).Should().Equal(new OrderPaid(1), new Noted("x"));
    }

    [Test]
    public void Modules_that_contradict_each_other_are_refused_at_registration()
    {
        var services = new ServiceCollection().AddEventSourcing(es => es.UseInMemory().UseEventTypes(Shop.Types));
        var sameName = EventTypeMap.Create(SchoolJson.Default, map => map.Add<Noted>("order-paid"));
        var sameType = EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderPaid>("paid"));
        services.Invoking(s => s.AddEventSourcing(es => es.UseEventTypes(sameName))).Should().Throw<ArgumentException>().WithMessage("*'order-paid'*OrderPaid*Noted*(Parameter 'types')");
        services.Invoking(s => s.AddEventSourcing(es => es.UseEventTypes(sameType))).Should().Throw<ArgumentException>().WithMessage("*'order-paid'*OrderPaid*'paid'*");
    }

    [Test]
    public async Task Log_chosen_last_replaces_the_others()
    {
        var services = new ServiceCollection();
        services.AddEventSourcing(es => es.UseLog(_ => throw new InvalidOperationException("not opened")).UseEventTypes(Shop.Types));
        services.AddEventSourcing(es => es.UseInMemory());
        await using var provider = services.BuildServiceProvider();
        provider.GetServices<IEventLog>().Should().ContainSingle().Which.Should().BeOfType<InMemoryEventLog>();
    }

    [Test]
    public async Task Missing_log_or_type_map_is_named_with_what_to_say()
    {
        await using var withoutLog = new ServiceCollection().AddEventSourcing(es => es.UseEventTypes(Shop.Types)).BuildServiceProvider();
        withoutLog.Invoking(p => p.GetRequiredService<IEventStore>()).Should().Throw<InvalidOperationException>().WithMessage("*no log*UseSqlite(*UseInMemory()*");
        await using var withoutTypes = new ServiceCollection().AddEventSourcing(es => es.UseInMemory()).BuildServiceProvider();
        withoutTypes.Invoking(p => p.GetRequiredService<IEventStore>()).Should().Throw<InvalidOperationException>().WithMessage("*no event types*UseEventTypes(*");
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
        var types = EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderPaid>("order-paid").UseSerializer(new Silent()));
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
