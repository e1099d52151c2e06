using EventSourcing.Deciding;

namespace EventSourcing.Aggregates;

/// <summary>A change of an aggregate, appended at the version that the aggregate was loaded at.</summary>
internal sealed class AggregateDecision<TAggregate>(
    AggregateRepository<TAggregate> repository, StreamId stream, Action<TAggregate> change, ExecuteOptions options)
    : Decision<ExecuteResult<TAggregate>>(repository.Store, options.TimeProvider)
    where TAggregate : Aggregate, new()
{
    private LoadResult<TAggregate>? _loaded;

    internal override async ValueTask<Append?> DecideAsync(CancellationToken cancellationToken)
    {
        if (MayHaveToQueue) await QueueAsync(stream.ToString(), cancellationToken).ConfigureAwait(false);
        _loaded = await repository.FoldAsync(stream, null, cancellationToken).ConfigureAwait(false);
        change(_loaded.State);
        return AggregateRepository<TAggregate>.ToAppend(stream, _loaded.State, options);
    }

    internal override string? ConflictOf(EventSourcingException refusal) => refusal.IsAbout(stream, _loaded!.StreamVersion) ? stream.ToString() : null;

    internal override ValueTask<ExecuteResult<TAggregate>> NothingAsync(CancellationToken cancellationToken) =>
        new(new ExecuteResult<TAggregate>(_loaded!.State, _loaded.StreamVersion, _loaded.EventsRead, _loaded.Position, false));

    internal override ValueTask<ExecuteResult<TAggregate>> StoredAsync(AppendResult result, CancellationToken cancellationToken)
    {
        _loaded!.State.MarkStored(result.Version);
        return new(new ExecuteResult<TAggregate>(_loaded.State, result.Version, _loaded.EventsRead, result.LastPosition, false));
    }

    internal override async ValueTask<ExecuteResult<TAggregate>> RecallAsync(AppendResult first, CancellationToken cancellationToken)
    {
        var version = first.VersionOf(stream);
        var loaded = await repository.FoldAsync(stream, version, cancellationToken).ConfigureAwait(false);
        return new(loaded.State, version, loaded.EventsRead, first.LastPosition, true);
    }
}
