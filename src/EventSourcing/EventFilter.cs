using System.Diagnostics.CodeAnalysis;
using EventSourcing.Internal;

namespace EventSourcing;

/// <summary>Which events: an <see cref="EventQuery"/>, and beyond it metadata and predicates. The one filter of reads, subscriptions and live subscriptions. Immutable.</summary>
/// <remarks>
/// All parts must hold; alternatives are items of an <see cref="EventQuery"/>, which converts to a filter. The log evaluates the first query. Other queries, correlation, actor and headers are compared on the stored
/// bytes, so an event that they leave out is not decoded and its type need not be known. Predicates see decoded events.
/// </remarks>
/// <example><c>EventFilter.Category("order").And(EventFilter.Header("tenant", "7"))</c></example>
public sealed class EventFilter
{
    private readonly EventQuery[] _queries;
    private readonly string[] _correlationIds;
    private readonly KeyValuePair<string, string>[] _headers;
    private readonly Func<EventEnvelope, bool>[] _predicates;

    private EventFilter(
        EventQuery[]? queries = null, string[]? correlationIds = null, KeyValuePair<string, string>[]? headers = null, Func<EventEnvelope, bool>[]? predicates = null) =>
        (_queries, _correlationIds, _headers, _predicates) = (queries ?? [], correlationIds ?? [], headers ?? [], predicates ?? []);

    /// <summary>Every event.</summary>
    public static EventFilter All { get; } = new();

    /// <summary>Events of a type of the type map.</summary>
    /// <typeparam name="T">The type.</typeparam>
    public static EventFilter Of<T>() => Matching(EventQuery.Of<T>());

    /// <summary>Events whose stored type name is one of these.</summary>
    /// <param name="types">At least one name.</param>
    /// <exception cref="ArgumentException">No name is given, or one is not valid.</exception>
    public static EventFilter OfTypes(params string[] types) => Matching(EventQuery.OfTypes(types));

    /// <summary>Events of streams of a category.</summary>
    /// <param name="category">The part of a stream's name before its first dash.</param>
    /// <exception cref="ArgumentException">The category is not valid.</exception>
    public static EventFilter Category(string category) => Matching(EventQuery.All.InCategory(category));

    /// <summary>Events of one stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <exception cref="ArgumentException">The stream is <c>default</c>.</exception>
    public static EventFilter Stream(StreamId stream) => Matching(EventQuery.All.InStream(stream));

    /// <summary>Events that carry a tag.</summary>
    /// <param name="name">The tag's name.</param>
    /// <param name="value">The tag's value.</param>
    /// <exception cref="ArgumentException">Name or value is not valid for a <see cref="EventSourcing.Tag"/>.</exception>
    public static EventFilter Tag(string name, string value) => Matching(EventQuery.All.Tagged(name, value));

    /// <summary>Events that match a query; a query also converts to a filter by itself.</summary>
    /// <param name="query">The query.</param>
    public static EventFilter Matching(EventQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return query.IsAll ? All : new(queries: [query]);
    }

    /// <summary>Events of one actor (<see cref="EventMetadata.Actor"/>), compared by ordinal.</summary>
    /// <param name="actor">The actor, not empty.</param>
    /// <exception cref="ArgumentException">The actor is empty.</exception>
    /// <remarks>Metadata that is not a JSON object is an <see cref="EventSerializationException"/> where the event is filtered.</remarks>
    public static EventFilter Actor(string actor)
    {
        ArgumentException.ThrowIfNullOrEmpty(actor);
        return new(headers: [new(EventMetadata.ActorKey, actor)]);
    }

    /// <summary>Events of one operation (<see cref="EventMetadata.CorrelationId"/>), compared by ordinal.</summary>
    /// <param name="correlationId">The correlation id, not empty.</param>
    /// <exception cref="ArgumentException">The id is empty.</exception>
    public static EventFilter Correlation(string correlationId)
    {
        ArgumentException.ThrowIfNullOrEmpty(correlationId);
        return new(correlationIds: [correlationId]);
    }

    /// <summary>Events whose metadata has a header with this value, compared by ordinal. The header <c>actor</c> is the actor; a value that is not a string is compared by its JSON text.</summary>
    /// <param name="key">The header's name.</param>
    /// <param name="value">The header's value.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <remarks>Metadata that is not a JSON object is an <see cref="EventSerializationException"/> where the event is filtered.</remarks>
    public static EventFilter Header(string key, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        return new(headers: [new(key, value)]);
    }

    /// <summary>Events for which a predicate is true. It is called, in order of position, with the events that the other parts of the filter let pass, decoded.</summary>
    /// <param name="predicate">The predicate. What it throws fails the read, counts as the handler's failure in a subscription and as a failure of a live subscription.</param>
    public static EventFilter Where(Func<EventEnvelope, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return new(predicates: [predicate]);
    }

    /// <summary>Events that pass this filter and the other.</summary>
    /// <param name="other">The other filter.</param>
    public EventFilter And(EventFilter other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new([.. _queries, .. other._queries], [.. _correlationIds, .. other._correlationIds], [.. _headers, .. other._headers], [.. _predicates, .. other._predicates]);
    }

    /// <summary>A query as a filter; see <see cref="Matching"/>.</summary>
    /// <param name="query">The query; null gives null.</param>
    [return: NotNullIfNotNull(nameof(query))]
    public static implicit operator EventFilter?(EventQuery? query) => query is null ? null : Matching(query);

    /// <summary>The parts, joined by AND; a predicate is shown as <c>predicate</c>.</summary>
    public override string ToString()
    {
        string[] parts =
        [
            .. _queries.Select(query => query.Items.Count > 1 && _queries.Length > 1 ? $"({query})" : query.ToString()),
            .. _correlationIds.Select(id => $"correlation {id}"),
            .. _headers.Select(header => $"{header.Key} {header.Value}"),
            .. _predicates.Select(_ => "predicate"),
        ];
        return parts.Length == 0 ? EventQuery.All.ToString() : string.Join(" AND ", parts);
    }

    internal bool HasQuery => _queries.Length > 0;

    /// <summary>The filter by the stored names of one type map.</summary>
    /// <param name="types">The type map.</param>
    /// <param name="query">A query that must match too; null for none.</param>
    /// <exception cref="UnknownEventTypeException">A CLR type has no entry in the type map.</exception>
    internal BoundFilter Bind(EventTypeMap types, EventQuery? query = null)
    {
        EventQuery[] queries = query is null or { IsAll: true } ? _queries : [query, .. _queries];
        var decoded = queries.Select(q => q.OnDecoded(types)).OfType<DecodedQuery>().Select(q => (Func<EventEnvelope, bool>)(e => q.Selects(e.Data, e.Type, e.StreamId, e.Tags))).ToArray();
        return new(types.Codec, Array.ConvertAll(queries, q => q.Resolve(types)), _correlationIds, _headers, decoded.Length == 0 ? _predicates : [.. decoded, .. _predicates]);
    }
}
