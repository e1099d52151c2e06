using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Makes decision models: what a decision needs to know, composed of small folds, each with a query of its own.</summary>
/// <example><code>
/// var model = DecisionModel.Of&lt;Course&gt;(EventQuery.Of&lt;CourseDefined, StudentSubscribed&gt;().Tagged("course", course))
///     .And(DecisionModel.Of&lt;Seen&gt;(EventQuery.Of&lt;StudentSubscribed&gt;().Tagged("student", student)));
/// await store.ExecuteAsync(model, (course, subscriptions) => …);
/// </code></example>
public static class DecisionModel
{
    /// <summary>A state folded from the events that match a query.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="query">Which events.</param>
    public static DecisionModel<TState> Of<TState>(EventQuery query) where TState : IState<TState> =>
        Of(query, TState.Initial, static (state, e) => state.Apply(e));

    /// <summary>A state folded from the events that match a query.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="query">Which events.</param>
    /// <param name="initial">The state before the first event.</param>
    /// <param name="apply">State and event to the next state. Never refuses.</param>
    public static DecisionModel<TState> Of<TState>(EventQuery query, TState initial, Func<TState, object, TState> apply)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(apply);
        return new(query, types => new Fold<TState>(query.Resolve(types), initial, apply));
    }

    /// <summary>Both: the query is either's, and each fold sees the events of its own query only.</summary>
    /// <typeparam name="T1">The first state.</typeparam>
    /// <typeparam name="T2">The second state.</typeparam>
    /// <param name="first">The first model.</param>
    /// <param name="second">The second model.</param>
    public static DecisionModel<(T1, T2)> And<T1, T2>(this DecisionModel<T1> first, DecisionModel<T2> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return new(first.Query.Or(second.Query), types => new Both<T1, T2, (T1, T2)>(first.Begin(types), second.Begin(types), static (one, two) => (one, two)));
    }

    /// <summary>All three.</summary>
    /// <typeparam name="T1">The first state.</typeparam>
    /// <typeparam name="T2">The second state.</typeparam>
    /// <typeparam name="T3">The third state.</typeparam>
    /// <param name="first">The first two models.</param>
    /// <param name="third">The third model.</param>
    public static DecisionModel<(T1, T2, T3)> And<T1, T2, T3>(this DecisionModel<(T1, T2)> first, DecisionModel<T3> third)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(third);
        return new(
            first.Query.Or(third.Query),
            types => new Both<(T1, T2), T3, (T1, T2, T3)>(first.Begin(types), third.Begin(types), static (two, three) => (two.Item1, two.Item2, three)));
    }

    private sealed class Fold<TState>(LogQuery query, TState initial, Func<TState, object, TState> apply) : IRunningFold<TState>
    {
        public TState State { get; private set; } = initial;

        public bool Apply(object @event, string type, StreamId stream, IReadOnlyList<Tag> tags)
        {
            if (!query.Matches(type, stream, tags)) return false;
            State = apply(State, @event);
            return true;
        }
    }

    private sealed class Both<T1, T2, TState>(IRunningFold<T1> first, IRunningFold<T2> second, Func<T1, T2, TState> join) : IRunningFold<TState>
    {
        public TState State => join(first.State, second.State);

        // Both look at every event.
        public bool Apply(object @event, string type, StreamId stream, IReadOnlyList<Tag> tags) =>
            first.Apply(@event, type, stream, tags) | second.Apply(@event, type, stream, tags);
    }
}

/// <summary>A state with the query that its events match: the boundary within which a decision is consistent. Immutable; see <see cref="DecisionModel"/>.</summary>
/// <typeparam name="TState">The state; of composed models a tuple.</typeparam>
public sealed class DecisionModel<TState>
{
    internal DecisionModel(EventQuery query, Func<EventTypeMap, IRunningFold<TState>> begin) => (Query, Begin) = (query, begin);

    /// <summary>Every event that any of its folds sees.</summary>
    public EventQuery Query { get; }

    internal Func<EventTypeMap, IRunningFold<TState>> Begin { get; }
}

/// <summary>A fold of a decision model under way.</summary>
internal interface IRunningFold<out TState>
{
    TState State { get; }

    /// <summary>Takes in an event if it matches the fold's own query; false when it does not.</summary>
    bool Apply(object @event, string type, StreamId stream, IReadOnlyList<Tag> tags);
}
