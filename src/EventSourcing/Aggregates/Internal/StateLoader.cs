namespace EventSourcing.Aggregates;

/// <summary>The one way from stored events to the state that a decision is made on, or that a caller loads. Each costs one read for every page of events.</summary>
internal static class StateLoader
{
    /// <summary>The state of a stream.</summary>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="known">A state of the stream, and the version that it goes through; the first state and 0 to fold all.</param>
    /// <param name="evolve">State and event to the next state.</param>
    /// <param name="throughVersion">The last version folded, inclusive; null for the stream's last.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    internal static ValueTask<LoadResult<TState>> LoadAsync<TState>(
        IEventStore store, StreamId stream, (TState State, long Version) known, Func<TState, object, TState> evolve, long? throughVersion, CancellationToken cancellationToken) =>
        store.FoldStreamAsync(stream, known.State, evolve, known.Version, throughVersion, cancellationToken);

    /// <summary>The state of a model.</summary>
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

/// <summary>A model as it was loaded.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="Fold">Its state; it may be folded on.</param>
/// <param name="Count">The number of its events.</param>
/// <param name="Head">The log's head: every event up to there was looked at.</param>
internal readonly record struct LoadedModel<TState>(IRunningFold<TState> Fold, long Count, GlobalPosition Head);
