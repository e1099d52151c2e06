using EventSourcing.Aggregates;

namespace EventSourcing;

/// <summary>Load, decide, append at the version read, decide anew on conflict: the whole of a command in one call.</summary>
public static class ExecuteExtensions
{
    /// <summary>Decides on the state of a stream and appends the outcome.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="decide">State to new events, none to do nothing; throws to refuse, and the exception is the call's. Has no other effect: it may run several times.</param>
    /// <param name="options">Command id, actor and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <exception cref="WrongExpectedVersionException">Other appends came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public static ValueTask<ExecuteResult<TState>> ExecuteAsync<TState>(
        this IEventStore store, StreamId stream, Func<TState, IEnumerable<object>> decide, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
        where TState : IState<TState> =>
        RunAsync(store, stream, TState.Initial, decide, static (state, e) => state.Apply(e), options, cancellationToken);

    /// <summary>Decides a command by a <see cref="Decider{TCommand, TState}"/> and appends the outcome.</summary>
    /// <typeparam name="TCommand">The command.</typeparam>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="decider">Initial state, decision and fold.</param>
    /// <param name="command">The command.</param>
    /// <param name="options">Command id, actor and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <exception cref="WrongExpectedVersionException">Other appends came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public static ValueTask<ExecuteResult<TState>> ExecuteAsync<TCommand, TState>(
        this IEventStore store, StreamId stream, Decider<TCommand, TState> decider, TCommand command, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(decider);
        return RunAsync(store, stream, decider.Initial, state => decider.Decide(command, state), decider.Evolve, options, cancellationToken);
    }

    /// <summary>The state of a stream.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream; one without events gives the initial state at version 0.</param>
    /// <param name="throughVersion">The last version folded, inclusive; null for the stream's last.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public static ValueTask<LoadResult<TState>> LoadAsync<TState>(
        this IEventStore store, StreamId stream, long? throughVersion = null, CancellationToken cancellationToken = default)
        where TState : IState<TState>
    {
        ArgumentNullException.ThrowIfNull(store);
        return StateLoader.LoadAsync(store, stream, (TState.Initial, 0), static (state, e) => state.Apply(e), throughVersion, cancellationToken);
    }

    private static ValueTask<ExecuteResult<TState>> RunAsync<TState>(
        IEventStore store, StreamId stream, TState initial, Func<TState, IEnumerable<object>> decide, Func<TState, object, TState> evolve,
        ExecuteOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(decide);
        options = (options ?? ExecuteOptions.Default).Validated();
        return DecisionLoop.RunAsync(store, new StreamDecision<TState>(store, stream, initial, decide, evolve, options), options, cancellationToken);
    }

    /// <summary>True when the stream is no longer at the version decided on: only then does it help to decide anew.</summary>
    internal static bool IsAbout(this EventSourcingException refusal, StreamId stream, long version)
    {
        if (refusal is not WrongExpectedVersionException wrong) return false;
        foreach (var mismatch in wrong.Mismatches)
            if (mismatch.StreamId == stream && mismatch.Expected == ExpectedVersion.Exactly(version)) return true;
        return false;
    }
}
