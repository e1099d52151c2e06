using EventSourcing.Deciding;
using EventSourcing.Internal;

namespace EventSourcing;

/// <summary>States as they were at points in the past.</summary>
public static class TimeTravelExtensions
{
    /// <summary>The state of a stream as it was at a version, a position or a point in time, folded from the stream's events up to there.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="stream">The stream. One without events at the point has the state of <see cref="IState{TState}.Create"/>.</param>
    /// <param name="point">The point, inclusive. Before the stream's first event, the state is that of <see cref="IState{TState}.Create"/>.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="ArgumentException">The stream is <c>default</c>.</exception>
    /// <exception cref="VersionOutOfRangeException">The version lies beyond the end of the stream.</exception>
    /// <exception cref="PositionOutOfRangeException">The position lies beyond the head.</exception>
    /// <exception cref="EventSerializationException">A stored event cannot be read; for an unknown type, <see cref="UnknownEventTypeException"/>.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed between two pages. Load again.</exception>
    public static async ValueTask<TState> StateAsync<TState>(this IEventStore store, StreamId stream, AsOf point, CancellationToken cancellationToken = default)
        where TState : IState<TState>
    {
        ArgumentNullException.ThrowIfNull(store);
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", nameof(stream));
        var version = await store.Log.FindVersionAsync(point, stream, cancellationToken).ConfigureAwait(false);
        var loaded = await StateLoader.LoadAsync(store, stream, TState.Create, static (state, e) => state.Apply(e), 0, version, cancellationToken).ConfigureAwait(false);
        return loaded.State;
    }

    /// <summary>The state of a query as it was at a position or a point in time, folded from the events up to there that match.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="query">Which events.</param>
    /// <param name="point">The point, inclusive; a version only where the query selects one stream. Before the first event that matches, the state is that of <see cref="IState{TState}.Create"/>.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="ArgumentException">The point is a version, and the query does not select one stream.</exception>
    /// <exception cref="VersionOutOfRangeException">The version lies beyond the end of the stream.</exception>
    /// <exception cref="PositionOutOfRangeException">The position lies beyond the head.</exception>
    /// <exception cref="EventSerializationException">A stored event cannot be read; for an unknown type, <see cref="UnknownEventTypeException"/>.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed between two pages. Load again.</exception>
    public static ValueTask<TState> StateAsync<TState>(this IEventStore store, EventQuery query, AsOf point, CancellationToken cancellationToken = default)
        where TState : IState<TState> =>
        store.StateAsync(DecisionModel.Of<TState>(query), point, cancellationToken);

    /// <summary>The state of a decision model as it was at a position or a point in time, as the overload for a query gives it: for composed states, and for functions instead of <see cref="IState{TState}"/>.</summary>
    /// <inheritdoc cref="StateAsync{TState}(IEventStore, EventQuery, AsOf, CancellationToken)"/>
    /// <param name="store">The store.</param>
    /// <param name="model">The states and their queries.</param>
    /// <param name="point">The point, inclusive; a version only where the model's query selects one stream.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    public static async ValueTask<TState> StateAsync<TState>(this IEventStore store, DecisionModel<TState> model, AsOf point, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(model);
        var position = await store.Log.FindPositionAsync(point, model.Query.Resolve(store.Types).Stream, cancellationToken).ConfigureAwait(false);
        var loaded = await StateLoader.LoadAsync(store, model, position, cancellationToken).ConfigureAwait(false);
        return loaded.Fold.State;
    }
}
