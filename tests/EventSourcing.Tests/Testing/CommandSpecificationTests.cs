using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
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
}
