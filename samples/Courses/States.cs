using System.Collections.Immutable;
using EventSourcing;

namespace Courses;

/// <summary>What a decision has to know about a course: folded from the events that carry its tag, whatever stream they are in.</summary>
public sealed record Course(bool Exists, int Capacity, ImmutableHashSet<string> Students) : IState<Course>
{
    /// <inheritdoc/>
    public static Course Create() => new(false, 0, []);

    /// <summary>True when there is no place left.</summary>
    public bool IsFull => Students.Count >= Capacity;

    /// <inheritdoc/>
    public Course Apply(object @event) => @event switch
    {
        CourseDefined e => this with { Exists = true, Capacity = e.Capacity },
        CapacityChanged e => this with { Capacity = e.Capacity },
        StudentSubscribed e => this with { Students = Students.Add(e.StudentId) },
        StudentUnsubscribed e => this with { Students = Students.Remove(e.StudentId) },
        _ => this,
    };
}

/// <summary>What a decision has to know about a student: how many courses are taken now.</summary>
public sealed record Timetable(int Courses) : IState<Timetable>
{
    /// <summary>The most courses that one student may take.</summary>
    public const int MaxCourses = 3;

    /// <inheritdoc/>
    public static Timetable Create() => new(0);

    /// <inheritdoc/>
    public Timetable Apply(object @event) => @event switch
    {
        StudentSubscribed => new(Courses + 1),
        StudentUnsubscribed => new(Courses - 1),
        _ => this,
    };
}
