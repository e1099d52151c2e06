using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

internal sealed record Subscribe(string Course, string Student);

internal sealed record Note(string Stream, string Text);

/// <summary>Commands sent by type, on any log.</summary>
public abstract class CommandTests
{
    private EventStore _store = null!;
    private CountingLog _log = null!;
    private CommandBus _bus = null!;
    private int _decided;

    protected abstract IEventLog OpenLog();

    [SetUp]
    public void Open()
    {
        _decided = 0;
        _store = new(_log = new(OpenLog()), School.Types);
        _bus = new(_store, handlers => handlers
            .Add(SchoolJson.Default.Subscribe, async (command, context, ct) =>
            {
                _decided++;
                var (course, taken) = await context.LoadAsync(School.CourseOf(command.Course).And(School.CoursesOf(command.Student)), ct);
                if (course.Subscriptions >= course.Capacity) throw new Refused("fully booked");
                return [EventData.For($"student-{command.Student}", new StudentSubscribed(command.Course, command.Student)), EventData.For("journal", new Noted($"{taken.Count}"))];
            })
            .Add(SchoolJson.Default.Note, async (command, context, ct) =>
            {
                _decided++;
                var seen = await context.LoadAsync<EventCount>(command.Stream, ct);
                return command.Text.Length == 0 ? [] : [EventData.For(command.Stream, new Noted($"{seen.Count} {command.Text}"))];
            }));
    }

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private async Task<string[]> TextsAsync(string stream) =>
        [.. (await _store.ReadStreamAsync(stream).Select(e => e.Data).ToListAsync()).Cast<Noted>().Select(n => n.Text)];

    [Test]
    public async Task A_command_reaches_the_handler_of_its_type()
    {
        var result = await _bus.SendAsync(new Note("a", "x"));
        (result.LastPosition.ToInt64(), result.VersionOf("a")).Should().Be((1, 1));
        (await TextsAsync("a")).Should().Equal("0 x");
    }

    [Test]
    public async Task A_command_without_a_handler_is_misuse()
    {
        var act = async () => await _bus.SendAsync("nobody");
        await act.Should().ThrowAsync<InvalidOperationException>().WithMessage("*System.String*");
    }

    [Test]
    public async Task A_command_that_does_nothing_answers_with_the_head()
    {
        await _bus.SendAsync(new Note("a", "x"));
        var result = await _bus.SendAsync(new Note("a", ""));
        (result.Count, result.LastPosition.ToInt64(), _log.Counts.Appends).Should().Be((0, 1, 1));
    }

    [Test]
    public async Task A_command_of_several_streams_is_one_append()
    {
        await _store.DefineAsync("c1", 5);
        var result = await _bus.SendAsync(new Subscribe("c1", "s1"));
        result.Streams.Select(s => s.StreamId.Value).Should().Equal("student-s1", "journal");
    }

    [Test]
    public async Task A_repeated_command_is_decided_once()
    {
        var first = await _bus.SendAsync(new Note("a", "x"), new() { CommandId = "c" });
        await _bus.SendAsync(new Note("a", "y"));
        var again = await _bus.SendAsync(new Note("a", "x"), new() { CommandId = "c" });
        (again.LastPosition, again.WasDuplicate, _decided).Should().Be((first.LastPosition, true, 2));
    }

    [TestCase("b", "x")]
    [TestCase("a", "y")]
    public async Task Another_command_under_the_same_id_is_refused(string stream, string text)
    {
        await _bus.SendAsync(new Note("a", "x"), new() { CommandId = "c" });
        var act = async () => await _bus.SendAsync(new Note(stream, text), new() { CommandId = "c" });
        (await act.Should().ThrowAsync<CommandIdConflictException>()).Which.First.LastPosition.ToInt64().Should().Be(1);
        (await _bus.SendAsync(new Note(stream, text), new() { CommandId = "another" })).WasDuplicate.Should().BeFalse("another id forces it");
    }

    [Test]
    public async Task A_refused_command_is_not_remembered()
    {
        await _store.DefineAsync("c1", 0);
        var act = async () => await _bus.SendAsync(new Subscribe("c1", "s1"), new() { CommandId = "c" });
        await act.Should().ThrowAsync<Refused>();
        await _store.ChangeCapacityAsync("c1", 1);
        (await _bus.SendAsync(new Subscribe("c1", "s1"), new() { CommandId = "c" })).WasDuplicate.Should().BeFalse();
    }

    [Test]
    public async Task Commands_sent_together_see_each_other_and_are_one_append()
    {
        await _bus.SendTogetherAsync([new Note("a", "x"), new Note("b", "y"), new Note("a", "z")], new() { CommandId = "c" });
        (await TextsAsync("a")).Should().Equal("0 x", "1 z");
        (await TextsAsync("b")).Should().Equal("0 y");
        _log.Counts.Appends.Should().Be(1);
        (await _bus.SendTogetherAsync([new Note("a", "x"), new Note("b", "y"), new Note("a", "z")], new() { CommandId = "c" })).WasDuplicate.Should().BeTrue();
        var less = async () => await _bus.SendTogetherAsync([new Note("a", "x"), new Note("b", "y")], new() { CommandId = "c" });
        await less.Should().ThrowAsync<CommandIdConflictException>();
    }

    [Test]
    public async Task Of_commands_sent_together_all_are_stored_or_none()
    {
        var act = async () => await _bus.SendTogetherAsync([new Subscribe("unknown", "s1"), new Note("a", "x")]);
        await act.Should().ThrowAsync<Refused>();
        (await _store.GetHeadAsync()).Should().Be(GlobalPosition.Start);
    }

    [Test]
    public async Task A_query_after_events_of_an_earlier_command_is_misuse()
    {
        var act = async () => await _bus.SendTogetherAsync([new Note("a", "x"), new Subscribe("c1", "s1")]);
        await act.Should().ThrowAsync<InvalidOperationException>().WithMessage("*Send commands that load queries first*");
    }

    [Test]
    public async Task What_was_loaded_and_not_written_is_still_as_it_was()
    {
        var tries = 0;
        var bus = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, async (command, context, ct) =>
        {
            var seen = await context.LoadAsync<EventCount>("price", ct);
            if (tries++ == 0) await _store.AppendAsync("price", ExpectedVersion.Any, [new Noted("changed")], ct);
            return [EventData.For(command.Stream, new Noted($"{seen.Count}"))];
        }));
        await bus.SendAsync(new Note("a", "x"));
        (await TextsAsync("a")).Should().Equal("1");
        tries.Should().Be(2);
    }

    [Test]
    public async Task Many_commands_at_once_lose_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++) await _bus.SendAsync(new Note("a", "x"), new() { MaxAttempts = 1000 });
        })));
        (await TextsAsync("a")).Should().Equal(Enumerable.Range(0, 80).Select(i => $"{i} x"));
    }

    [Test]
    public async Task Events_of_a_command_are_caused_by_it()
    {
        await _bus.SendAsync(new Note("a", "x"), new() { CommandId = "c", Metadata = new() { Actor = "ann", CorrelationId = "op" } });
        var e = await _store.ReadStreamAsync("a").FirstAsync();
        (e.CausationId, e.Actor, e.CorrelationId).Should().Be(("c", "ann", "op"));
    }
}
