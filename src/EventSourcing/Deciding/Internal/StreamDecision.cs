namespace EventSourcing.Deciding;

/// <summary>A decision on the state of one stream, appended at the version that was decided on.</summary>
internal sealed class StreamDecision<TState>(
    IEventStore store, StreamId stream, Func<TState> create, Func<TState, IEnumerable<object>> decide, Func<TState, object, TState> evolve, ExecuteOptions options)
    : Decision<ExecuteResult<TState>>(store, options.TimeProvider)
{
    private LoadResult<TState>? _loaded;
    private long _eventsRead;
    private object[] _events = [];

    internal override async ValueTask<Append?> DecideAsync(CancellationToken cancellationToken)
    {
        if (MayHaveToQueue) await QueueAsync(stream.ToString(), cancellationToken).ConfigureAwait(false);
        _loaded = await LoadAsync(cancellationToken).ConfigureAwait(false);
        _eventsRead += _loaded.EventsRead;
        _events = DecisionLoop.EventsOf(decide(_loaded.State));
        return _events.Length == 0 && options.CommandId is null ? null : options.ToAppend().To(stream, ExpectedVersion.Exactly(_loaded.StreamVersion), _events);
    }

    internal override string? ConflictOf(EventSourcingException refusal) => refusal.IsAbout(stream, _loaded!.StreamVersion) ? stream.ToString() : null;

    internal override ValueTask<ExecuteResult<TState>> NothingAsync(CancellationToken cancellationToken) =>
        new(new ExecuteResult<TState>(_loaded!.State, _loaded.StreamVersion, _eventsRead, _loaded.Position, false));

    internal override ValueTask<ExecuteResult<TState>> StoredAsync(AppendResult result, CancellationToken cancellationToken)
    {
        var state = _loaded!.State;
        foreach (var e in _events) state = evolve(state, EventData.DataOf(e));
        return new(new ExecuteResult<TState>(state, result.Version, _eventsRead, result.LastPosition, false));
    }

    // The state of the first execution: that of the stream when the recorded append had been stored.
    internal override async ValueTask<ExecuteResult<TState>> RecallAsync(AppendResult first, CancellationToken cancellationToken)
    {
        var version = first.VersionOf(stream);
        var loaded = await StateLoader.LoadAsync(Store, stream, create, evolve, 0, version, cancellationToken).ConfigureAwait(false);
        return new(loaded.State, version, loaded.EventsRead, first.LastPosition, true);
    }

    // After a conflict only the events that came in between are read, and folded into this decision's own state.
    private ValueTask<LoadResult<TState>> LoadAsync(CancellationToken cancellationToken) => _loaded is null
        ? StateLoader.LoadAsync(Store, stream, create, evolve, 0, null, cancellationToken)
        : StateLoader.LoadAsync(Store, stream, GetLoadedState, evolve, _loaded.StreamVersion, null, cancellationToken);

    private TState GetLoadedState() => _loaded!.State;
}
