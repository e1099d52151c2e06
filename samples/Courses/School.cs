using EventSourcing;

namespace Courses;

/// <summary>A command that the rules of the school do not allow. Nothing was stored.</summary>
public sealed class RefusedException(string message) : Exception(message);

/// <summary>What the school decides. The boundary of each decision is a query over tags, not a stream.</summary>
/// <remarks>
/// A subscription has two rules: the course has a place, and the student takes fewer than three courses. One of them is about the course and the other about the student, so no single stream could decide both.
/// Both folds are read at once, and the append is refused when an event that belongs to either was stored meanwhile. Then the decision is made again.
/// </remarks>
public sealed class School(IEventStore store)
{
    /// <summary>Offers a course.</summary>
    public async Task DefineAsync(string courseId, int capacity) =>
        await store.ExecuteAsync<Course>(AboutCourse(courseId), course =>
            course.Exists ? throw new RefusedException($"{courseId} is offered already.") : [EventData.For($"course-{courseId}", new CourseDefined(courseId, capacity))]);

    /// <summary>Gives a course more or fewer places. Who takes it keeps the place.</summary>
    public async Task ChangeCapacityAsync(string courseId, int capacity) =>
        await store.ExecuteAsync<Course>(AboutCourse(courseId), course =>
            !course.Exists ? throw new RefusedException($"There is no course {courseId}.")
            : course.Capacity == capacity ? []
            : [EventData.For($"course-{courseId}", new CapacityChanged(courseId, capacity))]);

    /// <summary>Gives a student a place in a course.</summary>
    public async Task SubscribeAsync(string courseId, string studentId)
    {
        var model = DecisionModel.Of<Course>(AboutCourse(courseId)).And(DecisionModel.Of<Timetable>(AboutStudent(studentId)));
        await store.ExecuteAsync(model, (course, timetable) =>
            !course.Exists ? throw new RefusedException($"There is no course {courseId}.")
            : course.Students.Contains(studentId) ? throw new RefusedException($"{studentId} takes {courseId} already.")
            : course.IsFull ? throw new RefusedException($"{courseId} is full: {course.Students.Count} of {course.Capacity} places.")
            : timetable.Courses >= Timetable.MaxCourses ? throw new RefusedException($"{studentId} takes {timetable.Courses} courses already.")
            : [EventData.For($"course-{courseId}", new StudentSubscribed(courseId, studentId))]);
    }

    /// <summary>Gives a place back.</summary>
    public async Task UnsubscribeAsync(string courseId, string studentId) =>
        await store.ExecuteAsync<Course>(AboutCourse(courseId), course =>
            course.Students.Contains(studentId) ? [EventData.For($"course-{courseId}", new StudentUnsubscribed(courseId, studentId))]
            : throw new RefusedException($"{studentId} does not take {courseId}."));

    private static EventQuery AboutCourse(string courseId) => EventQuery.All.Tagged("course", courseId);

    private static EventQuery AboutStudent(string studentId) => EventQuery.Of<StudentSubscribed, StudentUnsubscribed>().Tagged("student", studentId);
}
