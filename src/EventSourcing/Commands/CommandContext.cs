using System.Collections.Immutable;
using EventSourcing.Deciding;

namespace EventSourcing;

/// <summary>Loads the states that a command handler decides on. The outcome is stored only if everything loaded here is unchanged; else the command is decided again. Not thread-safe, and not to be used after the decision.</summary>
public sealed class CommandContext
{
    private readonly IEventStore _store;
    private readonly Decision _decision;
    private readonly OrderedDictionary<StreamId, long> _versions = [];
    private readonly List<EventQuery> _queries = [];
    private readonly List<object> _events = [];
    private GlobalPosition? _head;

    internal CommandContext(IEventStore store, Decision decision) => (_store, _decision) = (store, decision);

    internal IReadOnlyList<object> Events => _events;

    /// <summary>The log's head at the last load; null where nothing was loaded.</summary>
    internal GlobalPosition? LastHead { get; private set; }

    /// <summary>Loads the state of a stream, with the events of earlier commands of the same append.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="stream">The stream; one without events gives the first state.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event of the stream cannot be read.</exception>
    public async ValueTask<TState> LoadAsync<TState>(StreamId stream, CancellationToken cancellationToken = default) where TState : IState<TState>
    {
        if (_decision.MayHaveToQueue) await _decision.QueueAsync(stream.ToString(), cancellationToken).ConfigureAwait(false);
        // Of a stream that is loaded twice, the first version counts: if the stream has changed since, the append is refused and the command is decided again.
        var loaded = await _store.LoadAsync<TState>(stream, null, cancellationToken).ConfigureAwait(false);
        LastHead = loaded.Position;
        _versions.TryAdd(stream, loaded.StreamVersion);
        var state = loaded.State;
        foreach (var e in _events)
            if (DecisionExtensions.StreamOf(e, _store.Types) == stream) state = state.Apply(EventData.DataOf(e));
        return state;
    }

    /// <summary>Loads a state folded from the events that match a query: the append is refused when more events match.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="query">Which events.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event that matches cannot be read.</exception>
    /// <exception cref="InvalidOperationException">An earlier command of the same append has new events.</exception>
    public ValueTask<TState> LoadAsync<TState>(EventQuery query, CancellationToken cancellationToken = default) where TState : IState<TState> =>
        LoadAsync(DecisionModel.Of<TState>(query), cancellationToken);

    /// <summary>Loads the state of a model: the append is refused when more events match its query.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="model">What the decision depends on.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="EventSerializationException">A stored event that matches cannot be read.</exception>
    /// <exception cref="InvalidOperationException">An earlier command of the same append has new events.</exception>
    public async ValueTask<TState> LoadAsync<TState>(DecisionModel<TState> model, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        // The tags of a new event, and so the queries that it matches, are known only when it is stored.
        if (_events.Count > 0)
            throw new InvalidOperationException($"The query {model.Query} cannot be loaded after an earlier command of the same append returned events: which of them match is known when they are stored. Send commands that load queries first, or in a call of their own.");
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
        foreach (var e in events ?? throw new InvalidOperationException("The command handler returned null. To do nothing, return no events: []"))
        {
            _ = DecisionExtensions.StreamOf(e, _store.Types);
            _events.Add(e);
        }
    }

    /// <summary>Adds the events to the append, and the conditions that nothing loaded has changed.</summary>
    internal void Complete(Append append)
    {
        append.ToTheirStreams(_events, _store.Types);
        foreach (var (stream, version) in _versions)
        {
            // Without events, the result names the streams decided on and their versions, for a repeat of the command too.
            if (_events.Count == 0) append.To(stream, ExpectedVersion.Exactly(version), []);
            else append.Require(stream, ExpectedVersion.Exactly(version));
        }

        foreach (var query in _queries) append.FailIf(query, _head!.Value);
    }

    /// <summary>The streams loaded, in the order of the first load, as writes without events.</summary>
    internal ImmutableArray<StreamRange> LoadedStreams() => [.. _versions.Select(loaded => new StreamRange(loaded.Key, loaded.Value + 1, loaded.Value, 0))];

    /// <summary>The key of the turn for the first stream or query that has changed since it was loaded. Null when none has changed: another decision would be refused too.</summary>
    internal string? ConflictOf(EventSourcingException refusal)
    {
        if (refusal is AppendConditionFailedException) return _queries.Count == 0 ? "" : _queries[0].ToString();
        foreach (var (stream, version) in _versions)
            if (refusal.IsAbout(stream, version)) return stream.ToString();
        return null;
    }
}
