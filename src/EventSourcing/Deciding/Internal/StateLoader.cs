namespace EventSourcing.Deciding;

/// <summary>Loads every state, for decisions and for callers. Each load costs one read per page of events.</summary>
internal static class StateLoader
{
    /// <summary>Loads the state of a stream.</summary>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="create">Creates the state at <paramref name="afterVersion"/>.</param>
    /// <param name="evolve">State and event to the next state.</param>
    /// <param name="afterVersion">Only events after this version are folded; 0 for all.</param>
    /// <param name="throughVersion">The last version folded, inclusive; null for the stream's last.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    internal static ValueTask<LoadResult<TState>> LoadAsync<TState>(
        IEventStore store, StreamId stream, Func<TState> create, Func<TState, object, TState> evolve, long afterVersion, long? throughVersion, CancellationToken cancellationToken) =>
        store.FoldStreamAsync(stream, create, evolve, afterVersion, throughVersion, cancellationToken);

    /// <summary>Loads the state of a model.</summary>
    /// <param name="store">The store.</param>
    /// <param name="model">The model.</param>
    /// <param name="through">The last position folded, inclusive; null for the head.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    internal static async ValueTask<LoadedModel<TState>> LoadAsync<TState>(
        IEventStore store, DecisionModel<TState> model, GlobalPosition? through, CancellationToken cancellationToken)
    {
        var (fold, count) = (model.Begin(store.Types), 0L);
        var events = store.ReadAllAsync(model.Query, through is null ? null : new() { ThroughPosition = through }, cancellationToken);
        await foreach (var e in events.ConfigureAwait(false))
        {
            fold.Apply(e.Data, e.Type, e.StreamId, e.Tags);
            count++;
        }

        return new(fold, count, await events.GetHeadAsync(cancellationToken).ConfigureAwait(false));
    }
}

/// <summary>A loaded model.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="Fold">The fold with its state; more events may be folded into it.</param>
/// <param name="EventsRead">The number of events read.</param>
/// <param name="Head">The log's head: every event up to it was looked at.</param>
internal readonly record struct LoadedModel<TState>(IRunningFold<TState> Fold, long EventsRead, GlobalPosition Head);
