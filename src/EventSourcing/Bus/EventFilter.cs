using EventSourcing.Bus;

namespace EventSourcing;

/// <summary>Which events go to a listener. Immutable; several routes are joined by <see cref="And"/>, alternatives are an <see cref="EventQuery"/>.</summary>
/// <example><c>Route.Category("order").And(Route.Header("tenant", "7"))</c></example>
public sealed class EventFilter
{
    private readonly EventQuery[] _queries;
    private readonly (string Key, string Value)[] _headers;
    private readonly Func<EventEnvelope, bool>[] _predicates;

    private EventFilter(EventQuery[] queries, (string Key, string Value)[] headers, Func<EventEnvelope, bool>[] predicates) =>
        (_queries, _headers, _predicates) = (queries, headers, predicates);

    /// <summary>Every event.</summary>
    public static EventFilter All { get; } = new([], [], []);

    /// <summary>Events of a type of the type map.</summary>
    /// <typeparam name="T">The type.</typeparam>
    public static EventFilter Type<T>() => Matching(EventQuery.Of<T>());

    /// <summary>Events whose stored type name is one of these.</summary>
    /// <param name="types">At least one name.</param>
    public static EventFilter Types(params string[] types) => Matching(EventQuery.OfTypes(types));

    /// <summary>Events of streams of a category.</summary>
    /// <param name="category">The part of a stream's name before its first dash.</param>
    public static EventFilter Category(string category) => Matching(EventQuery.All.InCategory(category));

    /// <summary>Events of one stream.</summary>
    /// <param name="stream">The stream.</param>
    public static EventFilter Stream(StreamId stream) => Matching(EventQuery.All.InStream(stream));

    /// <summary>Events that carry a tag.</summary>
    /// <param name="name">The tag's name.</param>
    /// <param name="value">The tag's value.</param>
    public static EventFilter Tag(string name, string value) => Matching(EventQuery.All.Tagged(name, value));

    /// <summary>Events that match a query.</summary>
    /// <param name="query">The query.</param>
    public static EventFilter Matching(EventQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return query.IsAll ? All : new([query], [], []);
    }

    /// <summary>Events whose metadata has a header with this value, compared by ordinal; <c>actor</c> is the actor. Metadata that is no JSON object has no header.</summary>
    /// <param name="key">The header's name.</param>
    /// <param name="value">Its value.</param>
    public static EventFilter Header(string key, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        return new([], [(key, value)], []);
    }

    /// <summary>Events for which a function says so. It sees every event that the other parts of the route let pass, decoded.</summary>
    /// <param name="predicate">Called by the listener's own loop; what it throws counts as the listener's failure.</param>
    public static EventFilter Where(Func<EventEnvelope, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return new([], [], [predicate]);
    }

    /// <summary>Events that this and the other route let pass.</summary>
    /// <param name="other">The other route.</param>
    public EventFilter And(EventFilter other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new([.. _queries, .. other._queries], [.. _headers, .. other._headers], [.. _predicates, .. other._predicates]);
    }

    /// <summary>The query that the log can answer; what it lets through beyond the route, <see cref="BoundFilter"/> stops.</summary>
    internal EventQuery? Query => _queries.Length == 0 ? null : _queries[0];

    /// <summary>The route by stored names.</summary>
    internal BoundFilter Resolve(EventTypeMap types) => new(Array.ConvertAll(_queries, query => query.Resolve(types)), _headers, _predicates);
}
