using EventSourcing.Deciding;

namespace EventSourcing;

/// <summary>Decisions on one stream: load, decide, append at the version read, and decide again on conflict.</summary>
public static class ExecuteExtensions
{
    /// <summary>Decides on the state of a stream and appends the outcome.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="decide">State to new events, none to do nothing; throws to refuse, and the call throws that exception. Has no other effect and does not change the state: it may run several times.</param>
    /// <param name="options">Command id, metadata and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <exception cref="WrongExpectedVersionException">Other appends came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="InvalidOperationException">The decision is null.</exception>
    /// <exception cref="InvalidEventException">An event is a sequence of events or a task.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public static ValueTask<ExecuteResult<TState>> ExecuteAsync<TState>(
        this IEventStore store, StreamId stream, Func<TState, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
        where TState : IState<TState> =>
        RunAsync(store, stream, static () => TState.Create(), decide, static (state, e) => state.Apply(e), options, cancellationToken);

    /// <summary>Decides a command by a <see cref="Decider{TCommand, TState}"/> and appends the outcome.</summary>
    /// <typeparam name="TCommand">The command.</typeparam>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="decider">First state, decision and fold.</param>
    /// <param name="command">The command.</param>
    /// <param name="options">Command id, metadata and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <exception cref="WrongExpectedVersionException">Other appends came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="InvalidOperationException">The decision is null.</exception>
    /// <exception cref="InvalidEventException">An event is a sequence of events or a task.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public static ValueTask<ExecuteResult<TState>> ExecuteAsync<TCommand, TState>(
        this IEventStore store, StreamId stream, Decider<TCommand, TState> decider, TCommand command, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(decider);
        return RunAsync(store, stream, decider.Create, state => decider.Decide(command, state), decider.Evolve, options, cancellationToken);
    }

    /// <summary>Loads the state of a stream.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream; one without events gives the first state at version 0.</param>
    /// <param name="throughVersion">The last version folded, inclusive; null for the stream's last.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public static ValueTask<LoadResult<TState>> LoadAsync<TState>(
        this IEventStore store, StreamId stream, long? throughVersion = null, CancellationToken cancellationToken = default)
        where TState : IState<TState>
    {
        ArgumentNullException.ThrowIfNull(store);
        return StateLoader.LoadAsync(store, stream, static () => TState.Create(), static (state, e) => state.Apply(e), 0, throughVersion, cancellationToken);
    }

    private static ValueTask<ExecuteResult<TState>> RunAsync<TState>(
        IEventStore store, StreamId stream, Func<TState> create, Func<TState, IEnumerable<object>> decide, Func<TState, object, TState> evolve,
        ExecuteOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(decide);
        options = ExecuteOptions.ValidatedOrDefault(options);
        return DecisionLoop.RunAsync(store, new StreamDecision<TState>(store, stream, create, decide, evolve, options), options, cancellationToken);
    }

    /// <summary>True when the stream is no longer at the version decided on: only then can another decision succeed.</summary>
    internal static bool IsAbout(this EventSourcingException refusal, StreamId stream, long version)
    {
        if (refusal is not WrongExpectedVersionException wrong) return false;
        foreach (var mismatch in wrong.Mismatches)
            if (mismatch.StreamId == stream && mismatch.Expected == ExpectedVersion.Exactly(version)) return true;
        return false;
    }
}
