using CsCheck;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Tests.Deciding;

/// <summary>A decision folds its own events from memory; the log, read again, gives the same.</summary>
public class OwnEventsPropertyTests
{
    private static readonly string[] s_names = ["a", "b", "c"];

    private static readonly Gen<string> Name = Gen.Int[0, 2].Select(i => s_names[i]);

    private static readonly Gen<object> Events = Gen.Select(Gen.Int[0, 4], Name, Name, Gen.Int[0, 2], Gen.Bool, (kind, first, second, tags, isOfOther) =>
    {
        object data = kind switch
        {
            0 => new CourseDefined(first, tags),
            1 => new CapacityChanged(first, tags),
            2 => new StudentSubscribed(first, second),
            3 => new UserRegistered(first, second),
            _ => new Noted(first),
        };
        var e = EventData.For(isOfOther ? $"other-{second}" : $"course-{first}", data);
        for (var i = 0; i < tags; i++) e = e.Tagged(i == 0 ? "course" : "extra", second);
        return (object)e;
    });

    private static readonly Gen<EventQuery> Queries = Gen.Select(Gen.Int[0, 6], Name, Gen.Bool, (kind, name, isNarrow) =>
    {
        var query = kind switch
        {
            0 => EventQuery.All,
            1 => EventQuery.Of<CourseDefined, StudentSubscribed>(),
            2 => EventQuery.OfTypes("noted").Or(EventQuery.Of<UserRegistered>().Tagged("email", name)),
            3 => EventQuery.All.InCategory("other"),
            4 => EventQuery.All.InStream($"course-{name}"),
            5 => EventQuery.All.Tagged("extra", name),
            _ => EventQuery.Of<StudentSubscribed>().Tagged("student", name),
        };
        return isNarrow ? query.Tagged("course", name) : query;
    });

    private static DecisionModel<string> Model(EventQuery query) => DecisionModel.Of(query, () => "", (state, e) => $"{state};{e}");

    [Test]
    public Task State_after_a_decision_is_the_state_read_again() =>
        Gen.Select(Queries, Queries, Queries, Events.Array[0, 12], Events.Array[1, 6]).SampleAsync(async (first, second, third, before, decided) =>
        {
            await using var store = new EventStore(new InMemoryEventLog(), School.Types);
            foreach (EventData e in before) await store.AppendAsync(e.StreamId!.Value, ExpectedVersion.Any, [e]);

            var one = await store.ExecuteAsync(Model(first), _ => decided);
            var oneAgain = await store.ExecuteAsync(Model(first), _ => []);
            var model = Model(first).And(Model(second)).And(Model(third));
            var three = await store.ExecuteAsync(model, (_, _, _) => decided);
            var threeAgain = await store.ExecuteAsync(model, (_, _, _) => []);
            return one.State == oneAgain.State && one.Position == oneAgain.Position && three.State == threeAgain.State && three.Position == threeAgain.Position;
        }, iter: 500);
}
