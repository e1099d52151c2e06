using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Deciding;

public sealed class ExecuteResultTests
{
    private EventStore _store = null!;

    [SetUp]
    public async Task FillAsync()
    {
        _store = new(new InMemoryEventLog(), School.Types);
        await _store.AppendAsync("a", ExpectedVersion.NoStream, [new Noted("1"), new Noted("2")]);
        await _store.AppendAsync("b", ExpectedVersion.NoStream, [new Noted("3")]);
    }

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private CommandBus Bus => new(_store, handlers => handlers.Add(SchoolJson.Default.Note, async (note, context, token) =>
    {
        await context.LoadAsync<EventCount>(note.Stream, token);
        await context.LoadAsync<EventCount>("b", token);
        return [];
    }));

    [Test]
    public async Task Command_without_events_tells_the_version_of_the_stream_decided_on()
    {
        var executed = await _store.ExecuteAsync<EventCount>("a", _ => []);
        (executed.StreamVersion, executed.EventsRead, executed.Position.ToInt64()).Should().Be((2, 2, 3));
        var sent = await Bus.SendAsync(new Note("a", "x"));
        (sent.Version, sent.VersionOf("a"), sent.VersionOf("b"), sent.Count, sent.LastPosition.ToInt64()).Should().Be((2, 2, 1, 0, 3));
    }

    [Test]
    public async Task Repeated_command_without_events_tells_the_version_of_the_first_time()
    {
        var first = await Bus.SendAsync(new Note("a", "x"), new() { CommandId = "c" });
        await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("4")]);
        var again = await Bus.SendAsync(new Note("a", "x"), new() { CommandId = "c" });
        (first.Version, first.VersionOf("b"), again.Version, again.VersionOf("b"), again.WasDuplicate).Should().Be((2, 1, 2, 1, true));
    }

    [Test]
    public async Task Decision_over_a_query_has_no_stream_version()
    {
        var executed = await _store.ExecuteAsync<EventCount>(EventQuery.Of<Noted>(), earlier => [EventData.For("c", new Noted($"{earlier.Count}"))]);
        (executed.State.Count, executed.StreamVersion, executed.EventsRead, executed.Position.ToInt64()).Should().Be((4, 0, 3, 4));
    }

    [Test]
    public async Task Options_are_copied_when_the_call_begins()
    {
        var options = new ExecuteOptions { CommandId = "c", Metadata = new() { Actor = "ann" } };
        await _store.ExecuteAsync<EventCount>("a", _ =>
        {
            (options.CommandId, options.Metadata) = ("d", new() { Actor = "bob" });
            return [new Noted("x")];
        }, options);
        (await _store.ReadStreamAsync("a").LastAsync()).Actor.Should().Be("ann");
        (await _store.FindCommandAsync("c")).Should().NotBeNull();
        (await _store.FindCommandAsync("d")).Should().BeNull();
    }

    [Test]
    public async Task Decision_that_is_null_says_what_to_return()
    {
        foreach (var call in new Func<Task>[]
        {
            async () => await _store.ExecuteAsync<EventCount>("a", _ => null!),
            async () => await _store.ExecuteAsync<EventCount>(EventQuery.All, _ => null!),
            () =>
            {
                new EventSourcing.Testing.Specification(School.Types).Given().When<EventCount>(_ => null!).ThenNothing();
                return Task.CompletedTask;
            },
        })
            (await call.Should().ThrowAsync<Exception>()).Which.Message.Should().Contain("returned null. To do nothing, return no events: []");
    }

    [Test]
    public async Task Command_without_a_handler_says_how_to_add_one() =>
        (await FluentActions.Awaiting(async () => await Bus.SendAsync(new Subscribe("c", "s"))).Should().ThrowAsync<InvalidOperationException>())
            .Which.Message.Should().Contain("Subscribe has no handler").And.Contain("handlers.Add(").And.Contain("AddCommandHandler<Subscribe");
}
