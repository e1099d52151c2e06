using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Creates decision models: what a decision depends on, composed of small folds, each with its own query.</summary>
/// <example><code>
/// var model = DecisionModel.Of&lt;Course&gt;(EventQuery.Of&lt;CourseDefined, StudentSubscribed&gt;().Tagged("course", course))
///     .And(DecisionModel.Of&lt;EventCount&gt;(EventQuery.Of&lt;StudentSubscribed&gt;().Tagged("student", student)));
/// await store.ExecuteAsync(model, (course, subscriptions) => …);
/// </code></example>
public static class DecisionModel
{
    /// <summary>A state folded from the events that match a query.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="query">Which events.</param>
    public static DecisionModel<TState> Of<TState>(EventQuery query) where TState : IState<TState> =>
        Make(query, static () => TState.Create(), static (state, e) => state.Apply(e));

    /// <summary>A state folded by a function from the events that match a query.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="query">Which events.</param>
    /// <param name="create">Creates the state before the first event. Called once for every load; gives a new object each time where the state is mutable.</param>
    /// <param name="apply">State and event to the next state. Never refuses.</param>
    /// <exception cref="ArgumentException">A function is asynchronous: nothing would wait for it.</exception>
    public static DecisionModel<TState> Of<TState>(EventQuery query, Func<TState> create, Func<TState, object, TState> apply)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(apply);
        SynchronousDelegate.ThrowIfAsync(create, nameof(create));
        SynchronousDelegate.ThrowIfAsync(apply, nameof(apply));
        return Make(query, create, apply);
    }

    private static DecisionModel<TState> Make<TState>(EventQuery query, Func<TState> create, Func<TState, object, TState> apply)
    {
        ArgumentNullException.ThrowIfNull(query);
        return new(query, types => new Fold<TState>(query.Resolve(types), query.OnDecoded(types), create(), apply));
    }

    /// <summary>Joins two models: events that match either query are read, and each fold gets the events of its own query only.</summary>
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

    /// <summary>Joins a third model.</summary>
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

    private sealed class Fold<TState>(LogQuery query, DecodedQuery? decoded, TState created, Func<TState, object, TState> apply) : IRunningFold<TState>
    {
        public TState State { get; private set; } = created;

        public bool Apply(object @event, string type, StreamId stream, IReadOnlyList<Tag> tags)
        {
            if (!query.Matches(type, stream, tags) || decoded?.Selects(@event, type, stream, tags) == false) return false;
            State = apply(State, @event);
            return true;
        }
    }

    private sealed class Both<T1, T2, TState>(IRunningFold<T1> first, IRunningFold<T2> second, Func<T1, T2, TState> join) : IRunningFold<TState>
    {
        public TState State => join(first.State, second.State);

        // Not ||: both folds need every event.
        public bool Apply(object @event, string type, StreamId stream, IReadOnlyList<Tag> tags) =>
            first.Apply(@event, type, stream, tags) | second.Apply(@event, type, stream, tags);
    }
}

/// <summary>A state, with the query that selects its events: the boundary within which a decision is consistent. Immutable, and may be kept: every load folds a state of its own. See <see cref="DecisionModel"/>.</summary>
/// <typeparam name="TState">The state; of composed models a tuple.</typeparam>
public sealed class DecisionModel<TState>
{
    internal DecisionModel(EventQuery query, Func<EventTypeMap, IRunningFold<TState>> begin) => (Query, Begin) = (query, begin);

    /// <summary>The events that any of the folds reads.</summary>
    public EventQuery Query { get; }

    internal Func<EventTypeMap, IRunningFold<TState>> Begin { get; }
}

/// <summary>One load of a decision model: a state that events are folded into.</summary>
internal interface IRunningFold<out TState>
{
    TState State { get; }

    /// <summary>Folds an event if it matches the fold's own query; false when it does not.</summary>
    bool Apply(object @event, string type, StreamId stream, IReadOnlyList<Tag> tags);
}
