namespace EventSourcing.Aggregates;

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
    /// <exception cref="CommandReusedException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public static ValueTask<Executed<TState>> ExecuteAsync<TState>(
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
    /// <exception cref="CommandReusedException">The command id was used with another fingerprint.</exception>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public static ValueTask<Executed<TState>> ExecuteAsync<TCommand, TState>(
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
    public static ValueTask<Folded<TState>> LoadAsync<TState>(
        this IEventStore store, StreamId stream, long? throughVersion = null, CancellationToken cancellationToken = default)
        where TState : IState<TState>
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.FoldStreamAsync(stream, TState.Initial, static (state, e) => state.Apply(e), 0, throughVersion, cancellationToken);
    }

    private static async ValueTask<Executed<TState>> RunAsync<TState>(
        IEventStore store, StreamId stream, TState initial, Func<TState, IEnumerable<object>> decide, Func<TState, object, TState> evolve,
        ExecuteOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(decide);
        options = (options ?? ExecuteOptions.Default).Validated();
        if (await store.FindRepeatedAsync(options, cancellationToken).ConfigureAwait(false) is { } first)
            return await RecallAsync(store, stream, initial, evolve, first, cancellationToken).ConfigureAwait(false);
        var folded = new Folded<TState>(initial, 0, default);
        for (var attempt = 1; ; attempt++)
        {
            folded = await store.FoldStreamAsync(stream, folded.State, evolve, folded.Version, null, cancellationToken).ConfigureAwait(false);
            object[] events = [.. decide(folded.State)];
            if (events.Length == 0 && options.CommandId is null) return new(folded.State, folded.Version, folded.Position, false);
            AppendResult result;
            try
            {
                var append = options.ToAppend().To(stream, ExpectedVersion.Exactly(folded.Version), events);
                result = await store.AppendAsync(append, cancellationToken).ConfigureAwait(false);
            }
            catch (WrongExpectedVersionException e) when (attempt < options.MaxAttempts && e.IsAbout(stream, folded.Version))
            {
                continue;
            }

            if (result.WasDuplicate) return await RecallAsync(store, stream, initial, evolve, result, cancellationToken).ConfigureAwait(false);
            var state = folded.State;
            foreach (var e in events) state = evolve(state, e is EventData said ? said.Data : e);
            return new(state, result.Version, result.LastPosition, false);
        }
    }

    /// <summary>True when the stream is no longer at the version decided on: only then does it help to decide anew.</summary>
    internal static bool IsAbout(this WrongExpectedVersionException refusal, StreamId stream, long version)
    {
        foreach (var mismatch in refusal.Mismatches)
            if (mismatch.StreamId == stream && mismatch.Expected == ExpectedVersion.Exactly(version)) return true;
        return false;
    }

    /// <summary>The result of the first time, when the options' command was executed before; else null.</summary>
    internal static async ValueTask<AppendResult?> FindRepeatedAsync(this IEventStore store, ExecuteOptions options, CancellationToken cancellationToken)
    {
        if (options.CommandId is null) return null;
        var found = await store.FindCommandAsync(options.CommandId, cancellationToken).ConfigureAwait(false);
        if (found is null) return null;
        return found.IsRepeatedBy(options.Fingerprint.Span) ? found.Result : throw new CommandReusedException(options.CommandId, found.Result);
    }

    // The state of the first time: what the stream was when the recorded append had been stored.
    private static async ValueTask<Executed<TState>> RecallAsync<TState>(
        IEventStore store, StreamId stream, TState initial, Func<TState, object, TState> evolve, AppendResult result, CancellationToken cancellationToken)
    {
        var version = result.VersionOf(stream);
        var folded = await store.FoldStreamAsync(stream, initial, evolve, 0, version, cancellationToken).ConfigureAwait(false);
        return new(folded.State, version, result.LastPosition, true);
    }
}
