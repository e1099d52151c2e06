using EventSourcing.Storage;
using EventSourcing.Testing.Internal;

namespace EventSourcing.Testing;

/// <summary>History to decide on or to project. May be used for several decisions: each gets this history only.</summary>
public sealed class Scenario
{
    private readonly EventTypeMap _types;
    private readonly IReadOnlyList<object> _given;
    private readonly TimeProvider? _timeProvider;

    internal Scenario(EventTypeMap types, IReadOnlyList<object> given, TimeProvider? timeProvider) => (_types, _given, _timeProvider) = (types, given, timeProvider);

    /// <summary>Decides on a state.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="decide">State to new events; what it throws is for <see cref="Outcome{TState}.ThenThrows"/> to expect.</param>
    /// <exception cref="UnknownEventTypeException">An event given or decided has no entry in the type map.</exception>
    /// <exception cref="EventSourcingException">An event given or decided cannot be stored or read back.</exception>
    /// <exception cref="SpecificationException">An event differs when it is read back, a second fold gives another state, or the decision changed the state that it was given.</exception>
    public Outcome<TState> When<TState>(Func<TState, IEnumerable<object>> decide) where TState : IState<TState>
    {
        ArgumentNullException.ThrowIfNull(decide);
        return Run(static () => TState.Create(), decide, static (state, e) => state.Apply(e));
    }

    /// <summary>Decides a command by a <see cref="Decider{TCommand, TState}"/>.</summary>
    /// <typeparam name="TCommand">The command.</typeparam>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="decider">First state, decision and fold.</param>
    /// <param name="command">The command.</param>
    /// <exception cref="UnknownEventTypeException">An event given or decided has no entry in the type map.</exception>
    /// <exception cref="EventSourcingException">An event given or decided cannot be stored or read back.</exception>
    /// <exception cref="SpecificationException">An event differs when it is read back, a second fold gives another state, or the decision changed the state that it was given.</exception>
    public Outcome<TState> When<TCommand, TState>(Decider<TCommand, TState> decider, TCommand command)
    {
        ArgumentNullException.ThrowIfNull(decider);
        return Run(decider.Create, state => decider.Decide(command, state), decider.Evolve);
    }

    /// <summary>Changes an aggregate.</summary>
    /// <typeparam name="TAggregate">The aggregate.</typeparam>
    /// <param name="change">Calls the aggregate; what it throws is for <see cref="Outcome{TState}.ThenThrows"/> to expect.</param>
    /// <exception cref="ArgumentException">The change is asynchronous: nothing would wait for it.</exception>
    /// <exception cref="UnknownEventTypeException">An event given or raised has no entry in the type map.</exception>
    /// <exception cref="EventSourcingException">An event given or raised cannot be stored or read back.</exception>
    /// <exception cref="SpecificationException">An event differs when it is read back.</exception>
    public Outcome<TAggregate> When<TAggregate>(Action<TAggregate> change) where TAggregate : Aggregate, new()
    {
        ArgumentNullException.ThrowIfNull(change);
        SynchronousDelegate.ThrowIfAsync(change, nameof(change));
        var stage = new Stage(_types, _given, _timeProvider);
        var aggregate = stage.Load<TAggregate>();
        var refusal = Try(() => change(aggregate));
        if (refusal is null) stage.Decide(aggregate.Raised);
        stage.ThrowIfLost();
        return new(stage, refusal, stage.Load<TAggregate>);
    }

    /// <summary>Sends a command to its handler. Given events name their streams (<see cref="EventData.For"/>); expected ones may.</summary>
    /// <param name="command">The command.</param>
    /// <param name="build">Adds the handler, as for a <see cref="CommandBus"/>; one that waits for something outside the store cannot be tried.</param>
    /// <returns>The outcome; its state is the result of the append.</returns>
    /// <exception cref="ArgumentException">The delegate that adds the handler is asynchronous.</exception>
    /// <exception cref="UnknownEventTypeException">An event given has no entry in the type map.</exception>
    /// <exception cref="EventSourcingException">An event given cannot be stored, or one given or decided cannot be read back.</exception>
    /// <exception cref="SpecificationException">An event differs when it is read back.</exception>
    public Outcome<AppendResult> When(object command, Action<CommandHandlers> build)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(build);
        SynchronousDelegate.ThrowIfAsync(build, nameof(build));
        var stage = new Stage(_types, _given, _timeProvider);
        var result = default(AppendResult);
        var refusal = Try(() => result = stage.Send(command, build));
        stage.ThrowIfLost();
        return new(stage, refusal, () => result);
    }

    /// <summary>Makes documents of the events by a projection, as a view set of its own.</summary>
    /// <typeparam name="TProjection">The projection.</typeparam>
    /// <returns>The documents; a projection that failed is for <see cref="ProjectionOutcome.ThenThrows"/> to expect.</returns>
    /// <exception cref="InvalidOperationException">The projection has no handler, or does not say which document an event belongs to.</exception>
    /// <exception cref="UnknownEventTypeException">An event given, or a type that the projection handles, has no entry in the type map.</exception>
    /// <exception cref="EventSourcingException">An event given cannot be stored or read back.</exception>
    /// <exception cref="SpecificationException">An event differs when it is read back, or the projection makes other documents when each document is read back before the next event.</exception>
    public ProjectionOutcome Project<TProjection>() where TProjection : Projection, new() => Project(new TProjection());

    /// <inheritdoc cref="Project{TProjection}"/>
    /// <param name="projection">The projection, in no set.</param>
    public ProjectionOutcome Project(Projection projection) => Project(new ViewSet(projection));

    /// <summary>Makes documents of the events by the projections of a view set.</summary>
    /// <param name="set">The set. It may be used for several scenarios.</param>
    /// <returns>The documents; a projection that failed is for <see cref="ProjectionOutcome.ThenThrows"/> to expect.</returns>
    /// <exception cref="UnknownEventTypeException">An event given, or a type that a projection handles, has no entry in the type map.</exception>
    /// <exception cref="EventSourcingException">An event given cannot be stored or read back.</exception>
    /// <exception cref="SpecificationException">An event differs when it is read back, or a projection makes other documents when each document is read back before the next event.</exception>
    public ProjectionOutcome Project(ViewSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return ProjectionRun.Run(_types, _given, _timeProvider, set);
    }

    private Outcome<TState> Run<TState>(Func<TState> create, Func<TState, IEnumerable<object>> decide, Func<TState, object, TState> evolve)
    {
        var stage = new Stage(_types, _given, _timeProvider);
        var state = FoldCheck.Fold(stage, create, evolve);
        object[] events = [];
        var refusal = Try(() => events = [.. decide(state) ?? throw new InvalidOperationException("The decision returned null. To do nothing, return no events: []")]);
        stage.Decide(events);
        stage.ThrowIfLost();
        if (events.Length > 0)
        {
            foreach (var e in events) state = evolve(state, (e as EventData)?.Data ?? e);
            FoldCheck.ThrowIfDecisionChanged(stage, state, create, evolve);
        }

        return new(stage, refusal, () => stage.Fold(create, evolve));
    }

    // An exception of the decision is its outcome; Then, ThenNothing and ThenState report it with its stack trace.
    private static Exception? Try(Action decide)
    {
        try
        {
            decide();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
