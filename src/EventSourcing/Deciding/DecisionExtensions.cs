using EventSourcing.Deciding;

namespace EventSourcing;

/// <summary>Decisions over a query (a dynamic consistency boundary): read the events that match, decide, append on condition that no more events match, and decide again when some do.</summary>
public static class DecisionExtensions
{
    /// <summary>Decides on the events that match a query and appends the outcome.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="query">The events that the decision depends on.</param>
    /// <param name="decide">State to new events, each with its stream (<see cref="EventData.For"/>), none to do nothing; throws to refuse, and the call throws that exception. Has no other effect and does not change the state: it may run several times.</param>
    /// <param name="options">Command id, conditions on streams, metadata and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The state, with the decision's own events where they match the query. Its <see cref="ExecuteResult{TState}.StreamVersion"/> is 0.</returns>
    /// <exception cref="AppendConditionFailedException">Matching events came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="WrongExpectedVersionException">A condition of <see cref="ExecuteOptions.Require"/> is not met.</exception>
    /// <exception cref="InvalidEventException">An event names no stream, or is a sequence of events or a task.</exception>
    /// <exception cref="InvalidOperationException">The decision is null.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event that matches cannot be read.</exception>
    public static ValueTask<ExecuteResult<TState>> ExecuteAsync<TState>(
        this IEventStore store, EventQuery query, Func<TState, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
        where TState : IState<TState> =>
        store.ExecuteAsync(DecisionModel.Of<TState>(query), decide, options, cancellationToken);

    /// <summary>Decides on a model of two states, as the overload for one state does.</summary>
    /// <typeparam name="T1">The first state.</typeparam>
    /// <typeparam name="T2">The second state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="model">What the decision depends on.</param>
    /// <param name="decide">States to new events, each with its stream; see the overload for one state.</param>
    /// <param name="options">Command id, conditions on streams, metadata and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    public static ValueTask<ExecuteResult<(T1, T2)>> ExecuteAsync<T1, T2>(
        this IEventStore store, DecisionModel<(T1, T2)> model, Func<T1, T2, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(decide);
        return store.ExecuteAsync(model, state => decide(state.Item1, state.Item2), options, cancellationToken);
    }

    /// <summary>Decides on a model of three states, as the overload for one state does.</summary>
    /// <typeparam name="T1">The first state.</typeparam>
    /// <typeparam name="T2">The second state.</typeparam>
    /// <typeparam name="T3">The third state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="model">What the decision depends on.</param>
    /// <param name="decide">States to new events, each with its stream; see the overload for one state.</param>
    /// <param name="options">Command id, conditions on streams, metadata and more; null for none.</param>
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
    /// <param name="decide">State to new events, each with its stream (<see cref="EventData.For"/>), none to do nothing; throws to refuse, and the call throws that exception. Has no other effect and does not change the state: it may run several times.</param>
    /// <param name="options">Command id, conditions on streams, metadata and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The state, with the decision's own events where they match the query. Its <see cref="ExecuteResult{TState}.StreamVersion"/> is 0.</returns>
    /// <exception cref="AppendConditionFailedException">Matching events came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="WrongExpectedVersionException">A condition of <see cref="ExecuteOptions.Require"/> is not met.</exception>
    /// <exception cref="InvalidEventException">An event names no stream, or is a sequence of events or a task.</exception>
    /// <exception cref="InvalidOperationException">The decision is null.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event that matches cannot be read.</exception>
    public static ValueTask<ExecuteResult<TState>> ExecuteAsync<TState>(
        this IEventStore store, DecisionModel<TState> model, Func<TState, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(decide);
        options = ExecuteOptions.ValidatedOrDefault(options);
        return DecisionLoop.RunAsync(store, new QueryDecision<TState>(store, model, decide, options), options, cancellationToken);
    }

    /// <summary>Writes each event to the stream that it names; consecutive events of one stream become one write.</summary>
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
        ArgumentNullException.ThrowIfNull(@event);
        var data = EventData.DataOf(@event);
        var isKnown = types.TryGet(data.GetType(), out var known);
        throw new InvalidEventException(
            isKnown ? known!.Name : $"{data.GetType()}",
            [(isKnown ? null : EventData.WhyNotOneEvent(data)) ?? "it names no stream. A decision over a query, and a command handler, name the stream of each event: EventData.For(\"order-42\", event)"]);
    }
}
