using EventSourcing.Internal;
using EventSourcing.Replaying;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Replays of the past into a handler, without a subscription and without a checkpoint.</summary>
public static class ReplayExtensions
{
    /// <summary>Hands the events of a part of the log to a handler, as fast as it takes them or paced by the recorded time. Nothing is written: the handler is given the event only.</summary>
    /// <remarks>Events are read and decoded ahead, on the thread pool, where the handler runs too; memory is bounded. They are read from the store's log: a decorated store does not see the reads.</remarks>
    /// <param name="store">The store.</param>
    /// <param name="filter">Which events; an <see cref="EventQuery"/> converts to it.</param>
    /// <param name="handler">Handles one event. Called for the next one when its task has completed; with <see cref="ReplayOptions.Partitions"/>, for the next one of its partition.</param>
    /// <param name="options">Range, partitions, speed and progress; null for every event, in order, without pauses.</param>
    /// <param name="cancellationToken">Ends the replay. A handler that runs is given it, and is waited for.</param>
    /// <returns>When every event of the range is handled. Events that are stored after the replay has begun are not in it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, the range ends before it begins, or its end is a version and the filter does not select one stream.</exception>
    /// <exception cref="ReplayException">The handler, or a predicate of the filter, has thrown; has the event's position. In order, exactly the events before it were handled; in partitions, later events of other streams may have been handled too, and earlier ones may be missing.</exception>
    /// <exception cref="PositionOutOfRangeException">A bound lies beyond the head.</exception>
    /// <exception cref="VersionOutOfRangeException">A bound lies beyond the end of the stream.</exception>
    /// <exception cref="EventSerializationException">A stored event cannot be read; for an unknown type, <see cref="UnknownEventTypeException"/>. The events before it were handled.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed during the replay. Start again.</exception>
    public static Task<ReplayResult> ReplayAsync(
        this IEventStore store, EventFilter filter, Func<EventEnvelope, CancellationToken, Task> handler, ReplayOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(handler);
        return StartAsync(store, new TypedTarget(store.Types.Codec, filter.Bind(store.Types), handler), options, cancellationToken);
    }

    /// <summary>Hands stored events to a handler, as <see cref="ReplayAsync"/> does, without decoding them: their types need not be known. The memory of an event stays valid.</summary>
    /// <inheritdoc cref="ReplayAsync"/>
    public static Task<ReplayResult> ReplayRawAsync(
        this IEventStore store, EventFilter filter, Func<RecordedEvent, CancellationToken, Task> handler, ReplayOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(handler);
        return StartAsync(store, new RawTarget(store.Types.Codec, filter.Bind(store.Types), handler), options, cancellationToken);
    }

    // On the thread pool, so that a handler that does not wait does not block the caller's thread.
    private static Task<ReplayResult> StartAsync<T>(IEventStore store, ReplayTarget<T> target, ReplayOptions? options, CancellationToken cancellationToken)
    {
        var replay = new Replay<T>(store.Log, target, (options ?? new()).Validated());
        return Task.Run(() => replay.RunAsync(cancellationToken), cancellationToken);
    }
}
