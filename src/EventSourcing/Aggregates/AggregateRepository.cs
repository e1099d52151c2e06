using EventSourcing.Aggregates;
using EventSourcing.Deciding;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Loads and saves aggregates of one type, each in its own stream. Thread-safe.</summary>
/// <typeparam name="TAggregate">The aggregate.</typeparam>
public sealed class AggregateRepository<TAggregate> where TAggregate : Aggregate, new()
{
    internal AggregateRepository(IEventStore store) => Store = store;

    internal IEventStore Store { get; }

    /// <summary>Loads an aggregate: a new object, with the stream's events applied.</summary>
    /// <param name="stream">The stream; one without events gives an aggregate at version 0.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public async ValueTask<TAggregate> LoadAsync(StreamId stream, CancellationToken cancellationToken = default)
    {
        var loaded = await FoldAsync(stream, null, cancellationToken).ConfigureAwait(false);
        return loaded.State;
    }

    /// <summary>Appends the events that the aggregate has raised, at the version that it was loaded at. Does nothing without raised events and command id.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="aggregate">The aggregate; on success it is at the new version and has no raised events. When the result is a duplicate (<see cref="AppendResult.WasDuplicate"/>), its raised events were not stored: load it again.</param>
    /// <param name="options">Command id, metadata and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The result of the append; null when there was nothing to store: the stream's version is <see cref="Aggregate.Version"/> then.</returns>
    /// <exception cref="WrongExpectedVersionException">The stream has changed since the aggregate was loaded. Nothing was written.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    public async ValueTask<AppendResult?> SaveAsync(
        StreamId stream, TAggregate aggregate, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        options = ExecuteOptions.ValidatedOrDefault(options);
        if (ToAppend(stream, aggregate, options) is not { } append) return null;
        var result = await Store.AppendAsync(append, cancellationToken).ConfigureAwait(false);
        aggregate.MarkStored(result.Version);
        return result;
    }

    /// <summary>Loads, changes and saves an aggregate; loads and changes again on conflict.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="change">Changes the aggregate; throws to refuse, and the call throws that exception. Has no other effect: it may run several times.</param>
    /// <param name="options">Command id, metadata and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <exception cref="ArgumentException">The change is asynchronous: nothing would wait for it.</exception>
    /// <exception cref="WrongExpectedVersionException">Other appends came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    public ValueTask<ExecuteResult<TAggregate>> UpdateAsync(
        StreamId stream, Action<TAggregate> change, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        SynchronousDelegate.ThrowIfAsync(change, nameof(change));
        options = ExecuteOptions.ValidatedOrDefault(options);
        return DecisionLoop.RunAsync(Store, new AggregateDecision<TAggregate>(this, stream, change, options), options, cancellationToken);
    }

    /// <summary>The raised events as an append at the version that the aggregate was loaded at; null when there is nothing to store.</summary>
    internal static Append? ToAppend(StreamId stream, TAggregate aggregate, ExecuteOptions options) => aggregate.RaisedEvents.Count == 0 && options.CommandId is null
        ? null
        : options.ToAppend().To(stream, ExpectedVersion.Exactly(aggregate.Version), aggregate.RaisedEvents);

    internal async ValueTask<LoadResult<TAggregate>> FoldAsync(StreamId stream, long? throughVersion, CancellationToken cancellationToken)
    {
        var loaded = await StateLoader.LoadAsync(Store, stream, static () => new TAggregate(), Replay, 0, throughVersion, cancellationToken).ConfigureAwait(false);
        loaded.State.MarkStored(loaded.StreamVersion);
        return loaded;
    }

    private static TAggregate Replay(TAggregate aggregate, object @event)
    {
        aggregate.Replay(@event);
        return aggregate;
    }
}
