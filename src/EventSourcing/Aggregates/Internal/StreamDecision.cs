namespace EventSourcing.Aggregates;

/// <summary>A decision on the state of one stream, appended at the version that it was made on.</summary>
internal sealed class StreamDecision<TState>(
    IEventStore store, StreamId stream, TState initial, Func<TState, IEnumerable<object>> decide, Func<TState, object, TState> evolve, ExecuteOptions options)
    : Decision<ExecuteResult<TState>>(store, options.TimeProvider)
{
    private LoadResult<TState> _folded = new(initial, 0, default);
    private object[] _events = [];

    internal override async ValueTask<Append?> DecideAsync(CancellationToken cancellationToken)
    {
        if (MayHaveToQueue) await QueueAsync(stream.ToString(), cancellationToken).ConfigureAwait(false);
        _folded = await StateLoader.LoadAsync(Store, stream, (_folded.State, _folded.Version), evolve, null, cancellationToken).ConfigureAwait(false);
        _events = DecisionLoop.EventsOf(decide(_folded.State));
        return _events.Length == 0 && options.CommandId is null ? null : options.ToAppend().To(stream, ExpectedVersion.Exactly(_folded.Version), _events);
    }

    internal override string? ConflictOf(EventSourcingException refusal) => refusal.IsAbout(stream, _folded.Version) ? stream.ToString() : null;

    internal override ValueTask<ExecuteResult<TState>> NothingAsync(CancellationToken cancellationToken) => new(new ExecuteResult<TState>(_folded.State, _folded.Version, _folded.Position, false));

    internal override ValueTask<ExecuteResult<TState>> StoredAsync(AppendResult result, CancellationToken cancellationToken)
    {
        var state = _folded.State;
        foreach (var e in _events) state = evolve(state, e is EventData said ? said.Data : e);
        return new(new ExecuteResult<TState>(state, result.Version, result.LastPosition, false));
    }

    // The state of the first time: what the stream was when the recorded append had been stored.
    internal override async ValueTask<ExecuteResult<TState>> RecallAsync(AppendResult first, CancellationToken cancellationToken)
    {
        var version = first.VersionOf(stream);
        var folded = await StateLoader.LoadAsync(Store, stream, (initial, 0), evolve, version, cancellationToken).ConfigureAwait(false);
        return new(folded.State, version, first.LastPosition, true);
    }
}
