using EventSourcing.Aggregates;

namespace EventSourcing;

/// <summary>Read what a query matches, decide, append under the condition that nothing more has matched, decide anew when something has: a command over a dynamic consistency boundary.</summary>
public static class DecisionExtensions
{
    /// <summary>Decides on the events that match a query and appends the outcome.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="query">The events that the decision depends on.</param>
    /// <param name="decide">State to new events, each for its stream (<see cref="EventDataExtensions.In"/>), none to do nothing; throws to refuse, and the exception is the call's. Has no other effect: it may run several times.</param>
    /// <param name="options">Command id, demands on streams, actor and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The state, with the number of its events as version. The decision's own events are folded into it as they were given, where they match.</returns>
    /// <exception cref="AppendConditionFailedException">Matching events came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="WrongExpectedVersionException">A demand of <see cref="ExecuteOptions.Require"/> is not met.</exception>
    /// <exception cref="InvalidEventException">An event names no stream.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event that matches cannot be read.</exception>
    public static ValueTask<ExecuteResult<TState>> ExecuteAsync<TState>(
        this IEventStore store, EventQuery query, Func<TState, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
        where TState : IState<TState> =>
        store.ExecuteAsync(DecisionModel.Of<TState>(query), decide, options, cancellationToken);

    /// <summary>Decides on a model of two parts; otherwise as the model of one.</summary>
    /// <typeparam name="T1">The first state.</typeparam>
    /// <typeparam name="T2">The second state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="model">What the decision depends on.</param>
    /// <param name="decide">States to new events, each for its stream; see the model of one.</param>
    /// <param name="options">Command id, demands on streams, actor and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    public static ValueTask<ExecuteResult<(T1, T2)>> ExecuteAsync<T1, T2>(
        this IEventStore store, DecisionModel<(T1, T2)> model, Func<T1, T2, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(decide);
        return store.ExecuteAsync(model, state => decide(state.Item1, state.Item2), options, cancellationToken);
    }

    /// <summary>Decides on a model of three parts; otherwise as the model of one.</summary>
    /// <typeparam name="T1">The first state.</typeparam>
    /// <typeparam name="T2">The second state.</typeparam>
    /// <typeparam name="T3">The third state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="model">What the decision depends on.</param>
    /// <param name="decide">States to new events, each for its stream; see the model of one.</param>
    /// <param name="options">Command id, demands on streams, actor and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    public static ValueTask<ExecuteResult<(T1, T2, T3)>> ExecuteAsync<T1, T2, T3>(
        this IEventStore store, DecisionModel<(T1, T2, T3)> model, Func<T1, T2, T3, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(decide);
        return store.ExecuteAsync(model, state => decide(state.Item1, state.Item2, state.Item3), options, cancellationToken);
    }

    /// <summary>Decides on a model and appends the outcome.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="model">What the decision depends on.</param>
    /// <param name="decide">State to new events, each for its stream (<see cref="EventDataExtensions.In"/>), none to do nothing; throws to refuse, and the exception is the call's. Has no other effect: it may run several times.</param>
    /// <param name="options">Command id, demands on streams, actor and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The state, with the number of its events as version. The decision's own events are folded into it as they were given, where they match.</returns>
    /// <exception cref="AppendConditionFailedException">Matching events came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="WrongExpectedVersionException">A demand of <see cref="ExecuteOptions.Require"/> is not met.</exception>
    /// <exception cref="InvalidEventException">An event names no stream.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event that matches cannot be read.</exception>
    public static ValueTask<ExecuteResult<TState>> ExecuteAsync<TState>(
        this IEventStore store, DecisionModel<TState> model, Func<TState, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(decide);
        options = (options ?? ExecuteOptions.Default).Validated();
        return DecisionLoop.RunAsync(store, new QueryDecision<TState>(store, model, decide, options), options, cancellationToken);
    }

    /// <summary>Writes each event to the stream that it names; neighbours in one stream become one write.</summary>
    /// <exception cref="InvalidEventException">An event names no stream.</exception>
    internal static Append ToTheirStreams(this Append append, IReadOnlyList<object> events, EventTypeMap types)
    {
        for (var (first, next) = (0, 0); first < events.Count; first = next)
        {
            var stream = StreamOf(events[first], types);
            for (next = first + 1; next < events.Count && StreamOf(events[next], types) == stream;) next++;
            append.To(stream, ExpectedVersion.Any, events.Take(first..next));
        }

        return append;
    }

    internal static StreamId StreamOf(object @event, EventTypeMap types)
    {
        if (@event is EventData { StreamId: { } stream }) return stream;
        var type = (@event is EventData said ? said.Data : @event)?.GetType();
        throw new InvalidEventException(
            type is not null && types.TryGet(type, out var known) ? known.Name : $"{type}",
            ["it names no stream; a decision over a query says it for each event: .In(\"order-42\")"]);
    }
}
