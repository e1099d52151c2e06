namespace EventSourcing.Aggregates.Internal;

/// <summary>A decision on what a model's query matches, appended under the condition that nothing more has matched.</summary>
internal sealed class QueryDecision<TState>(
    IEventStore store, DecisionModel<TState> model, Func<TState, IEnumerable<object>> decide, ExecuteOptions options)
    : Decision<Executed<TState>>(store, options.TimeProvider)
{
    private IRunningFold<TState> _fold = null!;
    private long _count;
    private GlobalPosition _head;

    internal override async ValueTask<Append?> DecideAsync(CancellationToken cancellationToken)
    {
        if (MayHaveToQueue) await QueueAsync(model.Query.ToString(), cancellationToken).ConfigureAwait(false);
        (_fold, _count, _head) = await Store.FoldAsync(model, null, cancellationToken).ConfigureAwait(false);
        var events = DecisionLoop.EventsOf(decide(_fold.State));
        return events.Length == 0 && options.CommandId is null ? null : options.ToAppend().ToTheirStreams(events, Store.Types).FailIf(model.Query, _head);
    }

    internal override string? ConflictOf(EventSourcingException refusal) => refusal is AppendConditionFailedException ? model.Query.ToString() : null;

    internal override ValueTask<Executed<TState>> NothingAsync(CancellationToken cancellationToken) => new(new Executed<TState>(_fold.State, _count, _head, false));

    internal override async ValueTask<Executed<TState>> StoredAsync(AppendResult result, CancellationToken cancellationToken)
    {
        _count += await _fold.ApplyAsync(Store.ReadAllAsync(model.Query, Stored(result)), cancellationToken).ConfigureAwait(false);
        return new(_fold.State, _count, result.LastPosition, false);
    }

    // The state of the first time: what matched when the recorded append had been stored.
    internal override async ValueTask<Executed<TState>> RecallAsync(AppendResult first, CancellationToken cancellationToken)
    {
        var (fold, count, _) = await Store.FoldAsync(model, first.LastPosition, cancellationToken).ConfigureAwait(false);
        return new(fold.State, count, first.LastPosition, true);
    }

    // Which of the new events the decision's own query matches, the log knows best: it has their tags.
    private static ReadAllOptions Stored(in AppendResult result) => new()
    {
        AfterPosition = GlobalPosition.FromInt64(result.Count == 0 ? result.LastPosition.ToInt64() : result.FirstPosition.ToInt64() - 1),
        ThroughPosition = result.LastPosition,
    };
}
