using EventSourcing.Aggregates;

namespace EventSourcing;

/// <summary>What a handler decides on. Everything loaded here is unchanged when the outcome is stored, or the command is decided anew. Not thread-safe; of no use after the decision.</summary>
public sealed class CommandContext
{
    private readonly IEventStore _store;
    private readonly Decision _decision;
    private readonly Dictionary<StreamId, long> _versions = [];
    private readonly List<EventQuery> _queries = [];
    private readonly List<object> _events = [];
    private GlobalPosition? _head;

    internal CommandContext(IEventStore store, Decision decision) => (_store, _decision) = (store, decision);

    internal IReadOnlyList<object> Events => _events;

    /// <summary>The log's head as the last load found it; null where nothing was loaded.</summary>
    internal GlobalPosition? LastHead { get; private set; }

    /// <summary>The state of a stream, with what earlier commands of the same append do to it.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="stream">The stream; one without events gives the initial state.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public async ValueTask<TState> LoadAsync<TState>(StreamId stream, CancellationToken cancellationToken = default) where TState : IState<TState>
    {
        if (_decision.MayHaveToQueue) await _decision.QueueAsync(stream.ToString(), cancellationToken).ConfigureAwait(false);
        // Loaded twice, the version seen first counts: if it is the stream's no more, the append is refused and all is decided anew.
        var folded = await _store.LoadAsync<TState>(stream, null, cancellationToken).ConfigureAwait(false);
        LastHead = folded.Position;
        _versions.TryAdd(stream, folded.Version);
        var state = folded.State;
        foreach (var e in _events)
            if (DecisionExtensions.StreamOf(e, _store.Types) == stream) state = state.Apply(e is EventData said ? said.Data : e);
        return state;
    }

    /// <summary>A state folded from the events that match a query: they become the boundary of the decision.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="query">Which events.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event that matches cannot be read.</exception>
    /// <exception cref="InvalidOperationException">An earlier command of the same append has new events.</exception>
    public ValueTask<TState> LoadAsync<TState>(EventQuery query, CancellationToken cancellationToken = default) where TState : IState<TState> =>
        LoadAsync(DecisionModel.Of<TState>(query), cancellationToken);

    /// <summary>The state of a model: its events become the boundary of the decision.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="model">What the decision depends on.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event that matches cannot be read.</exception>
    /// <exception cref="InvalidOperationException">An earlier command of the same append has new events.</exception>
    public async ValueTask<TState> LoadAsync<TState>(DecisionModel<TState> model, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        // The tags of an event, and so what matches it, are known once it is stored.
        if (_events.Count > 0)
            throw new InvalidOperationException($"What matches {model.Query} is not known before the events of the earlier commands are stored: send commands that decide on queries first, or apart.");
        if (_decision.MayHaveToQueue) await _decision.QueueAsync(model.Query.ToString(), cancellationToken).ConfigureAwait(false);
        // All queries are read as of one head, because an append has one condition after one position.
        var loaded = await StateLoader.LoadAsync(_store, model, _head, cancellationToken).ConfigureAwait(false);
        _head ??= loaded.Head;
        LastHead = loaded.Head;
        _queries.Add(model.Query);
        return loaded.Fold.State;
    }

    internal void Add(IEnumerable<object> events)
    {
        foreach (var e in events ?? throw new InvalidOperationException("A command handler returned null; for nothing to do it returns no event."))
        {
            _ = DecisionExtensions.StreamOf(e, _store.Types);
            _events.Add(e);
        }
    }

    /// <summary>Says the events, and that what was loaded is as it was.</summary>
    internal void Complete(Append append)
    {
        append.ToTheirStreams(_events, _store.Types);
        foreach (var (stream, version) in _versions) append.Require(stream, ExpectedVersion.Exactly(version));
        foreach (var query in _queries) append.FailIf(query, _head!.Value);
    }

    /// <summary>What of that which was decided on has changed, as the key of a turn; null when nothing has: then it does not help to decide anew.</summary>
    internal string? ConflictOf(EventSourcingException refusal)
    {
        if (refusal is AppendConditionFailedException) return _queries.Count == 0 ? "" : _queries[0].ToString();
        foreach (var (stream, version) in _versions)
            if (refusal.IsAbout(stream, version)) return stream.ToString();
        return null;
    }
}
