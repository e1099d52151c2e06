using EventSourcing.Aggregates;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Loads and saves aggregates of one type, each in a stream of its own. Thread-safe.</summary>
/// <typeparam name="TAggregate">The aggregate.</typeparam>
public sealed class AggregateRepository<TAggregate> where TAggregate : Aggregate, new()
{
    internal AggregateRepository(IEventStore store) => Store = store;

    internal IEventStore Store { get; }

    /// <summary>The aggregate as its stream's events make it; a new one where there are none.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public async ValueTask<TAggregate> LoadAsync(StreamId stream, CancellationToken cancellationToken = default)
    {
        var folded = await FoldAsync(stream, null, cancellationToken).ConfigureAwait(false);
        return folded.State;
    }

    /// <summary>Appends what the aggregate has raised, at the version it was loaded at. Without raised events and command id it does nothing.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="aggregate">The aggregate; on success it is at the new version and has nothing raised. When the result says <see cref="AppendResult.WasDuplicate"/>, what it raised was not stored: load it anew.</param>
    /// <param name="options">Command id, actor and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>What was stored; null when there was nothing to store.</returns>
    /// <exception cref="WrongExpectedVersionException">The stream has changed since the aggregate was loaded. Nothing was written.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    public async ValueTask<AppendResult?> SaveAsync(
        StreamId stream, TAggregate aggregate, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        options = (options ?? ExecuteOptions.Default).Validated();
        if (ToAppend(stream, aggregate, options) is not { } append) return null;
        var result = await Store.AppendAsync(append, cancellationToken).ConfigureAwait(false);
        aggregate.MarkStored(result.Version);
        return result;
    }

    /// <summary>Loads, changes and saves; loads and changes anew on conflict.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="change">Changes the aggregate; throws to refuse, and the exception is the call's. Has no other effect: it may run several times.</param>
    /// <param name="options">Command id, actor and more; null for none.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <exception cref="ArgumentException">The change is asynchronous: nothing would wait for it.</exception>
    /// <exception cref="WrongExpectedVersionException">Other appends came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    public ValueTask<ExecuteResult<TAggregate>> UpdateAsync(
        StreamId stream, Action<TAggregate> change, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        SynchronousDelegate.ThrowIfAsync(change, nameof(change));
        options = (options ?? ExecuteOptions.Default).Validated();
        return DecisionLoop.RunAsync(Store, new AggregateDecision<TAggregate>(this, stream, change, options), options, cancellationToken);
    }

    /// <summary>What the aggregate has raised, at the version it was loaded at; null when there is nothing to store.</summary>
    internal static Append? ToAppend(StreamId stream, TAggregate aggregate, ExecuteOptions options) => aggregate.Raised.Count == 0 && options.CommandId is null
        ? null
        : options.ToAppend().To(stream, ExpectedVersion.Exactly(aggregate.Version), aggregate.Raised);

    internal async ValueTask<LoadResult<TAggregate>> FoldAsync(StreamId stream, long? throughVersion, CancellationToken cancellationToken)
    {
        var folded = await StateLoader.LoadAsync(Store, stream, (new TAggregate(), 0), Replay, throughVersion, cancellationToken).ConfigureAwait(false);
        folded.State.MarkStored(folded.Version);
        return folded;
    }

    private static TAggregate Replay(TAggregate aggregate, object @event)
    {
        aggregate.Replay(@event);
        return aggregate;
    }
}
