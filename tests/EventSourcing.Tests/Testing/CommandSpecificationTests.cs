using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Testing;

public sealed class CommandSpecificationTests
{
    private static readonly Specification s_school = new(School.Types);

    private static void Handlers(CommandHandlers handlers) => handlers.Add(SchoolJson.Default.Subscribe, async (command, context, ct) =>
    {
        var course = await context.LoadAsync(School.CourseOf(command.Course), ct);
        if (course.Subscriptions >= course.Capacity) throw new Refused("fully booked");
        var seen = await context.LoadAsync<EventCount>($"student-{command.Student}", ct);
        return seen.Any ? [] : [EventData.For($"student-{command.Student}", new StudentSubscribed(command.Course, command.Student))];
    });

    [Test]
    public void What_a_handler_decides_is_expected_with_its_stream() =>
        s_school.Given(EventData.For("course-c1", new CourseDefined("c1", 1)))
            .When(new Subscribe("c1", "s1"), Handlers)
            .Then(EventData.For("student-s1", new StudentSubscribed("c1", "s1")))
            .ThenState(result => result.VersionOf("student-s1") == 1);

    [Test]
    public void What_a_handler_refuses_is_expected() =>
        s_school.Given(EventData.For("course-c1", new CourseDefined("c1", 0))).When(new Subscribe("c1", "s1"), Handlers).ThenThrows<Refused>();

    [Test]
    public void A_handler_may_find_nothing_to_do() =>
        s_school.Given(EventData.For("course-c1", new CourseDefined("c1", 9)), EventData.For("student-s1", new StudentSubscribed("c1", "s1")))
            .When(new Subscribe("c1", "s1"), Handlers).ThenNothing();

    [Test]
    public void Handler_that_makes_its_ids_is_checked_by_its_events()
    {
        var outcome = s_school.Given().When(new Subscribe("c1", "s1"), handlers => handlers.Add(SchoolJson.Default.Subscribe, (command, _, _) =>
        {
            var user = Guid.NewGuid().ToString();
            return Task.FromResult<IEnumerable<object>>([EventData.For($"user-{user}", new UserRegistered(user, "a@b")).Tagged("course", command.Course)]);
        }));
        var e = outcome.Events.Should().ContainSingle().Subject;
        e.StreamId.Should().Be(new StreamId($"user-{((UserRegistered)e.Data).UserId}"));
        e.Tags.Should().Contain(new Tag("course", "c1"));
        outcome.Then(events => events.Should().ContainSingle()).Then(events => events[0].Data is UserRegistered { Email: "a@b" }).ThenState(result => result.Count == 1);
        FluentActions.Invoking(() => outcome.Then(events => events.Count == 2)).Should().Throw<SpecificationException>().Which.Expected.Should().Be("events => events.Count == 2");
        FluentActions.Invoking(() => outcome.Then(async events => await Task.Delay(events.Count))).Should().Throw<ArgumentException>().WithMessage("*asynchronous*");
    }

    [Test]
    public void Events_of_a_refused_command_are_a_failure_with_the_exception()
    {
        var outcome = s_school.Given(EventData.For("course-c1", new CourseDefined("c1", 0))).When(new Subscribe("c1", "s1"), Handlers);
        FluentActions.Invoking(() => outcome.Events).Should().Throw<SpecificationException>().WithInnerException<Refused>();
        FluentActions.Invoking(() => outcome.Then(_ => { })).Should().Throw<SpecificationException>().WithInnerException<Refused>();
    }
}
