using System.Collections.Concurrent;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Bus;

/// <summary>A subscriber or handler that is given to several stores is each one's own there.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class SharedHandlerTests
{
    private sealed class Follower : EventSubscriber
    {
        internal Follower() : base("follower") => React<Noted, Note>((noted, _) => noted.Text.StartsWith("copy", StringComparison.Ordinal) ? null : new Note("copies", $"copy of {noted.Text}"));
    }

    private sealed class ManyFollower : EventSubscriber
    {
        internal ManyFollower() : base("follower") =>
            ReactMany<Noted, Note>((noted, _) => noted.Text.StartsWith("copy", StringComparison.Ordinal) ? [] : [new("copies", $"copy of {noted.Text}")]);
    }

    private static CommandBus Commands(EventStore store) =>
        new(store, handlers => handlers.Add(SchoolJson.Default.Note, (note, _, _) => Task.FromResult<IEnumerable<object>>([EventData.For(note.Stream, new Noted(note.Text))])));

    private static async Task AppendAsync(EventStore store, string text) => await store.AppendAsync("notes", ExpectedVersion.Any, [new Noted(text)]);

    private static async Task HandledAsync(EventStore store, Subscription subscription) =>
        await subscription.WaitForPositionAsync(await store.GetHeadAsync()).WaitAsync(Signal.Patience);

    [TestCase(false)]
    [TestCase(true)]
    public async Task Subscriber_on_two_buses_sends_to_the_commands_of_each(bool many)
    {
        await using var north = new EventStore(new InMemoryEventLog(), School.Types);
        await using var south = new EventStore(new InMemoryEventLog(), School.Types);
        await using var northern = new EventBus(north, commands: Commands(north));
        await using var southern = new EventBus(south, commands: Commands(south));
        EventSubscriber listener = many ? new ManyFollower() : new Follower();
        var one = await northern.SubscribeAsync(listener);
        var two = await southern.SubscribeAsync(listener);
        await AppendAsync(north, "n");
        await AppendAsync(south, "s");
        await HandledAsync(north, one);
        await HandledAsync(south, two);
        (await north.ReadStreamAsync("copies").ToListAsync()).Select(e => e.Data).Should().Equal(new Noted("copy of n"));
        (await south.ReadStreamAsync("copies").ToListAsync()).Select(e => e.Data).Should().Equal(new Noted("copy of s"));
    }

    [Test]
    public async Task Subscriber_that_reacts_is_refused_by_a_bus_without_commands_though_another_has_them()
    {
        await using var north = new EventStore(new InMemoryEventLog(), School.Types);
        await using var northern = new EventBus(north, commands: Commands(north));
        await using var silent = new EventBus(north);
        var listener = new Follower();
        await northern.SubscribeAsync(listener);
        await silent.Invoking(b => b.SubscribeAsync(listener)).Should().ThrowAsync<InvalidOperationException>();
    }

    [Test]
    public async Task Handler_by_type_on_two_stores_gets_the_events_of_each_ones_names()
    {
        await using var one = new EventStore(new InMemoryEventLog(), EventTypeMap.Create(SchoolJson.Default, map => map.Add<Noted>("noted")));
        await using var two = new EventStore(new InMemoryEventLog(), EventTypeMap.Create(SchoolJson.Default, map => map.Add<Noted>("note-taken")));
        await using var first = new EventBus(one);
        await using var second = new EventBus(two);
        var seen = new ConcurrentQueue<string>();
        var handler = SubscriptionHandler.ByType(types => types.On<Noted>((noted, _, _) =>
        {
            seen.Enqueue(noted.Text);
            return Task.CompletedTask;
        }));
        var a = await first.SubscribeAsync("s", handler);
        var b = await second.SubscribeAsync("s", handler);
        await AppendAsync(one, "a");
        await HandledAsync(one, a);
        await AppendAsync(two, "b");
        await HandledAsync(two, b);
        seen.Should().Equal("a", "b");
    }
}
