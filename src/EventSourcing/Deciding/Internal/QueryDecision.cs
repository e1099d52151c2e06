namespace EventSourcing.Deciding;

/// <summary>A decision on the events that match a model's query, appended on condition that no more events match.</summary>
internal sealed class QueryDecision<TState>(
    IEventStore store, DecisionModel<TState> model, Func<TState, IEnumerable<object>> decide, ExecuteOptions options)
    : Decision<ExecuteResult<TState>>(store, options.TimeProvider)
{
    private readonly List<EncodedEvent> _own = [];
    private LoadedModel<TState> _loaded;

    internal override async ValueTask<Append?> DecideAsync(CancellationToken cancellationToken)
    {
        if (MayHaveToQueue) await QueueAsync(model.Query.ToString(), cancellationToken).ConfigureAwait(false);
        _loaded = await StateLoader.LoadAsync(Store, model, null, cancellationToken).ConfigureAwait(false);
        var events = DecisionLoop.EventsOf(decide(_loaded.Fold.State));
        if (events.Length == 0 && options.CommandId is null) return null;
        var append = options.ToAppend().ToTheirStreams(events, Store.Types).FailIf(model.Query, _loaded.Head);
        _own.Clear();
        append.Encoded = _own;
        return append;
    }

    internal override string? ConflictOf(EventSourcingException refusal) => refusal is AppendConditionFailedException ? model.Query.ToString() : null;

    internal override ValueTask<ExecuteResult<TState>> NothingAsync(CancellationToken cancellationToken) =>
        new(new ExecuteResult<TState>(_loaded.Fold.State, 0, _loaded.EventsRead, _loaded.Head, false));

    internal override async ValueTask<ExecuteResult<TState>> StoredAsync(AppendResult result, CancellationToken cancellationToken)
    {
        // A decorated store may have appended something else: then only the log knows what was stored.
        if (_own.Count != result.Count) return await LoadAsync(result, isRepeat: false, cancellationToken).ConfigureAwait(false);
        foreach (var e in _own) _loaded.Fold.Apply(e.Data, e.Type, e.StreamId, e.Tags);
        return new(_loaded.Fold.State, 0, _loaded.EventsRead, result.LastPosition, false);
    }

    // The state of the first execution: that of the query when the recorded append had been stored.
    internal override ValueTask<ExecuteResult<TState>> RecallAsync(AppendResult first, CancellationToken cancellationToken) => LoadAsync(first, isRepeat: true, cancellationToken);

    private async ValueTask<ExecuteResult<TState>> LoadAsync(AppendResult result, bool isRepeat, CancellationToken cancellationToken)
    {
        var loaded = await StateLoader.LoadAsync(Store, model, result.LastPosition, cancellationToken).ConfigureAwait(false);
        return new(loaded.Fold.State, 0, loaded.EventsRead, result.LastPosition, isRepeat);
    }
}
