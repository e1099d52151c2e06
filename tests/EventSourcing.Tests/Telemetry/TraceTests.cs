using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Telemetry;

public sealed class TraceTests
{
    private EventStore _store = null!;

    [SetUp]
    public void Open() => _store = new(new InMemoryEventLog(), School.Types);

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private async Task<EventEnvelope> AppendAsync(string text, Append? append = null)
    {
        var result = await _store.AppendAsync((append ?? new()).To("s", ExpectedVersion.Any, [new Noted(text)]));
        return await _store.ReadStreamAsync("s", new() { AfterVersion = result.Version - 1 }).FirstAsync();
    }

    private async Task<EventEnvelope> FollowAsync(EventEnvelope cause, string text, Append? append = null)
    {
        using var handling = EventContext.BeginScope(cause);
        await Task.Yield();
        return await AppendAsync(text, append);
    }

    private static string Text(CausationTree trace) =>
        string.Join(' ', trace.Flatten().Select(node => $"{new string('>', node.Depth)}{((Noted)node.Event.Data).Text}"));

    private async Task<EventEnvelope> TreeAsync()
    {
        var root = await AppendAsync("root", new() { Metadata = new() { CorrelationId = "op", Actor = "ann" } });
        var left = await FollowAsync(root, "left");
        await AppendAsync("stranger");
        var right = await FollowAsync(root, "right", new() { CommandId = "react-1" });
        await FollowAsync(right, "right.1");
        await FollowAsync(left, "left.1");
        await AppendAsync("second", new() { Metadata = new() { CorrelationId = "op" } });
        return root;
    }

    [Test]
    public async Task What_follows_from_a_handled_event_has_its_correlation_cause_and_actor()
    {
        var root = await AppendAsync("root", new() { Metadata = new() { CorrelationId = "op", Actor = "ann" } });
        var next = await FollowAsync(root, "next");
        (next.CorrelationId, next.CausationId, next.Actor).Should().Be(("op", root.EventId.ToString(), "ann"));
        EventContext.Current.Should().BeNull();
    }

    [Test]
    public async Task Given_metadata_overrides_that_of_the_handled_event()
    {
        var root = await AppendAsync("root", new() { Metadata = new() { CorrelationId = "op", Actor = "ann" } });
        var next = await FollowAsync(root, "next", new() { Metadata = new() { CorrelationId = "c", CausationId = "d", Actor = "bob" } });
        (next.CorrelationId, next.CausationId, next.Actor).Should().Be(("c", "d", "bob"));
    }

    [Test]
    public async Task An_event_without_correlation_begins_one()
    {
        var root = await AppendAsync("root");
        (await FollowAsync(root, "next")).CorrelationId.Should().Be(root.EventId.ToString());
    }

    [Test]
    public async Task A_command_id_is_the_cause_where_no_event_is_handled()
    {
        (await AppendAsync("x", new() { CommandId = "c" })).CausationId.Should().Be("c");
    }

    [Test]
    public async Task Handling_within_handling_ends_with_its_scope()
    {
        using (EventContext.BeginScope(new EventMetadata { Actor = "outer" }))
        {
            using (EventContext.BeginScope(new EventMetadata { Actor = "inner" })) (await AppendAsync("x")).Actor.Should().Be("inner");
            (await AppendAsync("y")).Actor.Should().Be("outer");
        }

        (await AppendAsync("z")).Actor.Should().BeNull();
    }

    [Test]
    public async Task A_correlation_gives_the_tree()
    {
        await TreeAsync();
        var trace = await _store.GetCausationTreeAsync("op");
        Text(trace).Should().Be("root >left >>left.1 >right >>right.1 second");
        (trace.Count, trace.IsComplete, trace.Roots.Count).Should().Be((6, true, 2));
    }

    [Test]
    public async Task An_event_gives_what_followed_from_it()
    {
        var root = await TreeAsync();
        Text(await _store.GetCausationTreeAsync(root.EventId.ToString())).Should().Be("root >left >>left.1 >right >>right.1");
        Text(await _store.GetCausationTreeAsync(root.EventId.ToString("N").ToUpperInvariant())).Should().StartWith("root >left");
    }

    [Test]
    public async Task A_command_gives_what_it_stored_and_what_followed()
    {
        var paid = await AppendAsync("paid", new() { CommandId = "pay-1" });
        await FollowAsync(paid, "shipped");
        Text(await _store.GetCausationTreeAsync("pay-1")).Should().Be("paid >shipped");
    }

    [Test]
    public async Task An_unknown_id_gives_nothing()
    {
        await TreeAsync();
        (await _store.GetCausationTreeAsync("unknown")).Roots.Should().BeEmpty();
        (await _store.GetCausationTreeAsync(Guid.Empty.ToString())).Roots.Should().BeEmpty();
    }

    [Test]
    public async Task A_trace_ends_at_its_bound_and_says_so()
    {
        await TreeAsync();
        var trace = await _store.GetCausationTreeAsync("op", maxEvents: 3);
        (Text(trace), trace.Count, trace.IsComplete).Should().Be(("root >left >right", 3, false));
    }

    [Test]
    public async Task A_long_chain_is_followed_to_its_end()
    {
        var e = await AppendAsync("0");
        for (var i = 1; i < 5000; i++) e = await FollowAsync(e, $"{i}");
        var first = await _store.ReadStreamAsync("s").FirstAsync();
        (await _store.GetCausationTreeAsync(first.EventId.ToString(), maxEvents: 10_000)).Flatten().Max(node => node.Depth).Should().Be(4999);
    }
}
