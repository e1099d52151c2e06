using System.Text.Json.Serialization;

namespace EventSourcing.Tests.Shared;

internal sealed record CourseDefined(string Course, int Capacity);

internal sealed record CapacityChanged(string Course, int Capacity);

internal sealed record StudentSubscribed(string Course, string Student);

internal sealed record UserRegistered(string UserId, string Email);

internal sealed record Noted(string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CourseDefined)), JsonSerializable(typeof(CapacityChanged)), JsonSerializable(typeof(StudentSubscribed))]
[JsonSerializable(typeof(UserRegistered)), JsonSerializable(typeof(Noted)), JsonSerializable(typeof(Subscribe)), JsonSerializable(typeof(Note))]
internal sealed partial class SchoolJson : JsonSerializerContext;

/// <summary>The example of the DCB specification (dcb.events/examples/course-subscriptions), with the names of this library.</summary>
internal static class School
{
    internal const int MaxCoursesPerStudent = 5;

    internal static EventTypeMap Types { get; } = EventTypeMap.Create(SchoolJson.Default, map => map
        .Add<CourseDefined>("course-defined", e => e.Tag("course", "course"))
        .Add<CapacityChanged>("course-capacity-changed", e => e.Tag("course", "course"))
        .Add<StudentSubscribed>("student-subscribed", e => e.Tag("course", "course").Tag("student", "student"))
        .Add<UserRegistered>("user-registered", e => e.Tag("email", "email"))
        .Add<Noted>("noted"));

    internal static DecisionModel<Course> CourseOf(string course) => DecisionModel.Of<Course>(
        EventQuery.Of<CourseDefined, CapacityChanged, StudentSubscribed>().Tagged("course", course));

    internal static DecisionModel<EventCount> CoursesOf(string student) => DecisionModel.Of<EventCount>(EventQuery.Of<StudentSubscribed>().Tagged("student", student));

    internal static DecisionModel<EventCount> SubscriptionOf(string course, string student) => DecisionModel.Of<EventCount>(
        EventQuery.Of<StudentSubscribed>().Tagged("course", course).Tagged("student", student));

    internal static ValueTask<ExecuteResult<Course>> DefineAsync(this IEventStore store, string course, int capacity) =>
        store.ExecuteAsync(CourseOf(course), known => known.Exists ? throw new Refused($"{course} exists") : [EventData.For($"course-{course}", new CourseDefined(course, capacity))]);

    internal static ValueTask<ExecuteResult<Course>> ChangeCapacityAsync(this IEventStore store, string course, int capacity) =>
        store.ExecuteAsync(CourseOf(course), known => !known.Exists ? throw new Refused($"{course} is unknown")
            : known.Capacity == capacity ? throw new Refused($"{course} has this capacity")
            : [EventData.For($"course-{course}", new CapacityChanged(course, capacity))]);

    internal static ValueTask<ExecuteResult<(Course, EventCount, EventCount)>> SubscribeAsync(
        this IEventStore store, string course, string student, Action? onAttempt = null, ExecuteOptions? options = null)
    {
        var model = CourseOf(course).And(CoursesOf(student)).And(SubscriptionOf(course, student));
        return store.ExecuteAsync(model, Decide, options);

        IEnumerable<object> Decide(Course known, EventCount courses, EventCount subscription)
        {
            onAttempt?.Invoke();
            Refuse(!known.Exists, $"{course} is unknown");
            Refuse(known.Subscriptions >= known.Capacity, $"{course} is fully booked");
            Refuse(subscription.Any, $"{student} takes {course} already");
            Refuse(courses.Count >= MaxCoursesPerStudent, $"{student} takes {courses.Count} courses");
            return [EventData.For($"student-{student}", new StudentSubscribed(course, student))];
        }
    }

    private static void Refuse(bool condition, string reason)
    {
        if (condition) throw new Refused(reason);
    }
}

internal sealed record Course(bool Exists, int Capacity, int Subscriptions) : IState<Course>
{
    public static Course Create() => new(false, 0, 0);

    public Course Apply(object @event) => @event switch
    {
        CourseDefined e => this with { Exists = true, Capacity = e.Capacity },
        CapacityChanged e => this with { Capacity = e.Capacity },
        StudentSubscribed => this with { Subscriptions = Subscriptions + 1 },
        _ => this,
    };
}

internal sealed class Refused(string message) : Exception(message);
