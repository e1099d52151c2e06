using EventSourcing.Sqlite.Tests.Documentation;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Deciding;

/// <summary>The examples of docs/deciding.md run, and are the code of <see cref="DecidingExample"/>.</summary>
public sealed class DecidingTests : DocumentationTest
{
    private EventStore _store = null!;

    [SetUp]
    public void Open() => _store = SqliteEventStore.Open("orders.db", DecidingExample.Types);

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    [Test]
    public void The_examples_are_those_of_the_document() => Shown("docs/deciding.md").Should().Equal(
        Executed("Deciding/DecidingExample.cs", "unique"),
        Executed("Deciding/DecidingExample.cs", "model"),
        Executed("Deciding/DecidingExample.cs", "command", "registration", "sending"),
        Executed("Deciding/DecidingExample.cs", "reaction"),
        Executed("Deciding/DecidingExample.cs", "handling"));

    [Test]
    public async Task An_email_is_taken_once()
    {
        await DecidingExample.RegisterAsync(_store, "1", "ann@example.com");
        await FluentActions.Awaiting(() => DecidingExample.RegisterAsync(_store, "2", "ann@example.com")).Should().ThrowAsync<EmailTaken>();
        await FluentActions.Awaiting(() => DecidingExample.RegisterAsync(_store, "1", "bob@example.com")).Should().ThrowAsync<WrongExpectedVersionException>();
        (await _store.GetHeadAsync()).ToInt64().Should().Be(1);
    }

    [Test]
    public async Task Courses_have_places_and_students_take_five()
    {
        for (var i = 0; i < 7; i++) await _store.AppendAsync($"course-{i}", ExpectedVersion.NoStream, [new CourseDefined($"{i}", i == 6 ? 0 : 1)]);
        for (var i = 0; i < 5; i++) await DecidingExample.SubscribeAsync(_store, $"{i}", "ann");
        await FluentActions.Awaiting(() => DecidingExample.SubscribeAsync(_store, "5", "ann")).Should().ThrowAsync<TooManyCourses>();
        await FluentActions.Awaiting(() => DecidingExample.SubscribeAsync(_store, "6", "bob")).Should().ThrowAsync<FullyBooked>();
        await FluentActions.Awaiting(() => DecidingExample.SubscribeAsync(_store, "0", "bob")).Should().ThrowAsync<FullyBooked>();
    }

    [Test]
    public async Task A_command_is_sent_and_sent_again()
    {
        await _store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated(62.50m)]);
        var services = new ServiceCollection();
        DecidingExample.Register(services);
        await using var provider = services.BuildServiceProvider();
        var bus = provider.GetRequiredService<ICommandBus>();

        (await DecidingExample.SendAsync(bus, new("r-1"))).WasDuplicate.Should().BeFalse();
        (await DecidingExample.SendAsync(bus, new("r-1"))).WasDuplicate.Should().BeTrue();
        (await _store.ReadStreamAsync("order-42").Select(e => (e.Type, e.Actor)).ToListAsync()).Should().Equal(("order-created", null), ("order-paid", "ann"));
    }

    [Test]
    public async Task An_event_leads_to_a_command()
    {
        var paid = await _store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderPaid(62.50m)]);
        var commands = new CommandBus(_store, handlers =>
            handlers.Add(DecidingJson.Default.ScheduleShipping, static (command, _, _) => Task.FromResult<IEnumerable<object>>([EventData.For(command.Order, new OrderShipped("soon"))])));

        await DecidingExample.ReactAsync(_store, commands, paid.LastPosition);

        var events = await _store.ReadStreamAsync("order-42").ToListAsync();
        events.Select(e => e.Type).Should().Equal("order-paid", "order-shipped");
        events[1].CausationId.Should().Be(events[0].EventId.ToString());
    }

    [Test]
    public async Task What_is_handled_is_the_cause()
    {
        await _store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated(0m)]);
        var cause = await _store.ReadStreamAsync("order-42").FirstAsync();

        await DecidingExample.ShipAsync(_store, cause, "order-42", "t-1");

        (await _store.ReadStreamAsync("order-42").LastAsync()).CausationId.Should().Be(cause.EventId.ToString());
    }
}
