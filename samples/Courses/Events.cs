using System.Text.Json.Serialization;
using EventSourcing;

namespace Courses;

/// <summary>A course is offered.</summary>
public sealed record CourseDefined(string CourseId, int Capacity);

/// <summary>A course has more or fewer places from now on.</summary>
public sealed record CapacityChanged(string CourseId, int Capacity);

/// <summary>A student takes a course.</summary>
public sealed record StudentSubscribed(string CourseId, string StudentId);

/// <summary>A student no longer takes a course.</summary>
public sealed record StudentUnsubscribed(string CourseId, string StudentId);

/// <summary>The stored names of the events, and the tags by which decisions find them.</summary>
public static class CourseEvents
{
    /// <summary>The type map.</summary>
    public static EventTypeMap Types { get; } = EventTypeMap.Create(CoursesJson.Default, map => map
        .Add<CourseDefined>("course-defined", e => e.Tag("course", "courseId"))
        .Add<CapacityChanged>("capacity-changed", e => e.Tag("course", "courseId"))
        .Add<StudentSubscribed>("student-subscribed", e => e.Tag("course", "courseId").Tag("student", "studentId"))
        .Add<StudentUnsubscribed>("student-unsubscribed", e => e.Tag("course", "courseId").Tag("student", "studentId")));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CourseDefined)), JsonSerializable(typeof(CapacityChanged)), JsonSerializable(typeof(StudentSubscribed)), JsonSerializable(typeof(StudentUnsubscribed))]
internal sealed partial class CoursesJson : JsonSerializerContext;
