using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Deciding;

public sealed class EventDataTests
{
    private EventStore _store = null!;

    [SetUp]
    public void Open() => _store = new(new InMemoryEventLog(), School.Types);

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private static IEnumerable<object> Several()
    {
        yield return new Noted("1");
        yield return new Noted("2");
    }

    private static object[] Sequences => [Several(), new object[] { new Noted("1") }, new List<Noted>(), Several().Where(_ => true), new List<int>(), Several().ToAsyncEnumerable()];

    private static object[] Tasks => [Task.FromResult(new Noted("1")), Task.CompletedTask, new ValueTask<Noted>(new Noted("1"))];

    [Test]
    public async Task Members_add_what_belongs_to_the_event()
    {
        var (id, at) = (new Guid(1, 2, 3, new byte[8]), new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        var e = EventData.For("s", new Noted("x")).WithId(id).At(at).Tagged("a", "1").Tagged("b", "2").WithMetadata(new() { Actor = "ann" });
        await _store.AppendAsync(new Append { Metadata = new() { Actor = "bob", CorrelationId = "op" } }.To("s", ExpectedVersion.Any, [e]));
        var stored = await _store.ReadStreamAsync("s").LastAsync();
        (stored.EventId, stored.OccurredAt, stored.Actor, stored.CorrelationId).Should().Be((id, at, "ann", "op"));
        stored.Tags.Should().Equal(new Tag("a", "1"), new Tag("b", "2"));
        EventData.For("t", e).Should().Be(e with { StreamId = "t" });
    }

    [Test]
    public void Sequence_of_events_is_no_event()
    {
        foreach (var sequence in Sequences)
        {
            FluentActions.Invoking(() => EventData.For("s", sequence)).Should().Throw<ArgumentException>().WithMessage("*sequence of events*events.Select(e => EventData.For(stream, e))*");
            FluentActions.Invoking(() => new EventData(sequence)).Should().Throw<ArgumentException>();
        }
    }

    [Test]
    public void Task_is_no_event()
    {
        foreach (var task in Tasks) FluentActions.Invoking(() => EventData.For("s", task)).Should().Throw<ArgumentException>().WithMessage("*is a task*Await*");
    }

    [Test]
    public async Task Sequence_or_task_among_the_events_is_refused_by_every_way_to_decide()
    {
        foreach (var wrong in Sequences.Concat(Tasks))
        {
            var bus = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, (_, _, _) => Task.FromResult<IEnumerable<object>>([wrong])));
            foreach (var call in new Func<Task>[]
            {
                async () => await _store.AppendAsync("s", ExpectedVersion.Any, [new Noted("0"), wrong]),
                async () => await _store.ExecuteAsync<EventCount>("s", _ => [wrong]),
                async () => await _store.ExecuteAsync<EventCount>(EventQuery.All, _ => [wrong]),
                async () => await bus.SendAsync(new Note("s", "x")),
            })
            {
                var refusal = (await call.Should().ThrowAsync<InvalidEventException>()).Which;
                refusal.Violations.Should().ContainSingle().Which.Should().MatchRegex("sequence of events|is a task");
            }

            await FluentActions.Awaiting(async () => await _store.GetRepository<Raising>().UpdateAsync("s", raising => raising.Do(wrong))).Should().ThrowAsync<ArgumentException>();
        }

        (await _store.GetHeadAsync()).Should().Be(GlobalPosition.Start);
    }

    [Test]
    public async Task Event_without_a_stream_is_refused_where_the_decision_names_none() =>
        (await FluentActions.Awaiting(async () => await _store.ExecuteAsync<EventCount>(EventQuery.All, _ => [new Noted("x")])).Should().ThrowAsync<InvalidEventException>())
            .Which.Message.Should().Contain("noted").And.Contain("EventData.For(");

    [Test]
    public async Task Fold_of_tasks_is_refused() =>
        await FluentActions.Awaiting(async () => await _store.FoldAsync(EventQuery.All, () => Task.FromResult(0), async (n, _) => await n + 1)).Should().ThrowAsync<ArgumentException>().WithMessage("*asynchronous*");

    [Test]
    public void No_member_of_ours_appears_on_every_object() =>
        typeof(EventData).Assembly.GetExportedTypes().SelectMany(t => t.GetMethods())
            .Where(m => m.IsDefined(typeof(System.Runtime.CompilerServices.ExtensionAttribute), false) && m.GetParameters()[0].ParameterType == typeof(object)).Should().BeEmpty();

    private sealed class Raising : Aggregate
    {
        internal void Do(object e) => Raise(e);

        protected override void Apply(object @event)
        {
        }
    }
}
