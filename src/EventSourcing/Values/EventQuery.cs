using System.Runtime.InteropServices;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Selects events by type, tag, category and stream. Items are joined by OR; an event matches an item when it has one of its types AND all its tags AND its category AND its stream.</summary>
/// <remarks>
/// The terms and rules of the DCB specification (dcb.events/specification), plus category and stream. Immutable.
/// An event that matches several items is still one event. An item has at least one criterion.
/// Types are CLR types of the type map or stored names; a store turns the query into a <see cref="LogQuery"/>, which has stored names only.
/// </remarks>
/// <example><c>EventQuery.Of&lt;UserRegistered&gt;().Tagged("email", email)</c>, <c>EventQuery.All.InCategory("order")</c></example>
public sealed class EventQuery
{
    private readonly EventQueryItem[] _items;

    // The query with stored names, if it is the same for every type map. Created on first use.
    private LogQuery? _stored;

    private EventQuery(EventQueryItem[] items) => _items = items;

    /// <summary>Every event.</summary>
    public static EventQuery All { get; } = new([]) { _stored = LogQuery.All };

    /// <summary>The items joined by OR; empty for <see cref="All"/>.</summary>
    public IReadOnlyList<EventQueryItem> Items => ImmutableCollectionsMarshal.AsImmutableArray(_items);

    /// <summary>True when every event matches.</summary>
    public bool IsAll => _items.Length == 0;

    /// <summary>Events of one type of the type map.</summary>
    /// <typeparam name="T">An event type; a type map gives its names.</typeparam>
    public static EventQuery Of<T>() => Of(typeof(T));

    /// <summary>Events of any of these types of the type map.</summary>
    /// <typeparam name="T1">An event type.</typeparam>
    /// <typeparam name="T2">An event type.</typeparam>
    public static EventQuery Of<T1, T2>() => Of(typeof(T1), typeof(T2));

    /// <summary>Events of any of these types of the type map.</summary>
    /// <typeparam name="T1">An event type.</typeparam>
    /// <typeparam name="T2">An event type.</typeparam>
    /// <typeparam name="T3">An event type.</typeparam>
    public static EventQuery Of<T1, T2, T3>() => Of(typeof(T1), typeof(T2), typeof(T3));

    /// <summary>Events of any of these types of the type map.</summary>
    /// <param name="types">At least one type.</param>
    /// <exception cref="ArgumentException">No type is given.</exception>
    public static EventQuery Of(params Type[] types)
    {
        ArgumentNullException.ThrowIfNull(types);
        if (types.Length == 0) throw new ArgumentException("A query by types needs at least one type. For every event, use EventQuery.All.", nameof(types));
        foreach (var type in types) ArgumentNullException.ThrowIfNull(type, nameof(types));
        return new([new EventQueryItem([.. types], null)]);
    }

    /// <summary>Events whose stored type name is one of these, known to a type map or not.</summary>
    /// <param name="types">At least one name.</param>
    /// <exception cref="ArgumentException">No name is given, or one is not valid.</exception>
    public static EventQuery OfTypes(params string[] types)
    {
        ArgumentNullException.ThrowIfNull(types);
        return new([new EventQueryItem(types)]);
    }

    /// <summary>Events that match any of these items.</summary>
    /// <param name="items">At least one item; for every event write <see cref="All"/>.</param>
    /// <exception cref="ArgumentException">No item is given.</exception>
    public static EventQuery Of(params EventQueryItem[] items)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Length == 0) throw new ArgumentException("A query needs at least one item. For every event, use EventQuery.All.", nameof(items));
        foreach (var item in items) ArgumentNullException.ThrowIfNull(item, nameof(items));
        return new([.. items]);
    }

    /// <summary>The same query; each item also requires this tag.</summary>
    /// <param name="name">The tag's name.</param>
    /// <param name="value">The tag's value.</param>
    /// <exception cref="ArgumentException">Name or value is not valid for a <see cref="Tag"/>.</exception>
    public EventQuery Tagged(string name, string value)
    {
        var tag = new Tag(name, value);
        return Narrow(item => LogQueryItem.Tagged(item, tag));
    }

    /// <summary>The same query; each item also requires a stream of this category (see <see cref="StreamId.Category"/>).</summary>
    /// <param name="category">The part of a stream name before its first dash.</param>
    /// <exception cref="ArgumentException">No stream can be in the category: it is not valid, has a dash after its first character, or an item already requires another category or a stream outside of it.</exception>
    public EventQuery InCategory(string category) => Narrow(item => LogQueryItem.InCategory(item, category));

    /// <summary>The same query; each item also requires this stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <exception cref="ArgumentException">The stream is <c>default</c>, or an item already requires another one or a category that it is not in.</exception>
    public EventQuery InStream(StreamId stream) => Narrow(item => LogQueryItem.InStream(item, stream));

    /// <summary>Events that match this query or the other.</summary>
    /// <param name="other">The other query.</param>
    public EventQuery Or(EventQuery other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsAll || other.IsAll ? All : new([.. _items, .. other._items]);
    }

    /// <summary>Items joined by OR, criteria by AND.</summary>
    public override string ToString() => IsAll ? "all events" : new StringBuilder().AppendJoin(" OR ", (object[])_items).ToString();

    /// <summary>The query by stored names, as a log evaluates it. A store does so for every query it is given.</summary>
    /// <param name="types">The type map that gives the names of CLR types; a query of stored names needs none (<see cref="EventTypeMap.Empty"/>).</param>
    /// <exception cref="UnknownEventTypeException">A CLR type has no entry in the type map.</exception>
    public LogQuery Resolve(EventTypeMap types)
    {
        ArgumentNullException.ThrowIfNull(types);
        if (_stored is { } known) return known;
        var resolved = new LogQuery(Array.ConvertAll(_items, item => item.Resolve(types)));
        if (!Array.Exists(_items, static item => item.HasClrTypes)) _stored = resolved;
        return resolved;
    }

    /// <summary>Which decoded events the query selects; null where the stored names alone decide, which is so for all types without upcasters to other types.</summary>
    /// <exception cref="UnknownEventTypeException">A CLR type has no entry in the type map, or no stored event reads as it.</exception>
    internal DecodedQuery? OnDecoded(EventTypeMap types) =>
        Array.Exists(_items, item => item.FindsOthers(types)) ? new(_items, [.. _items.Select(item => new LogQuery([item.Resolve(types)]))]) : null;

    private EventQuery Narrow(Func<LogQueryItem?, LogQueryItem> narrow) =>
        new(IsAll ? [new EventQueryItem([], narrow(null))] : Array.ConvertAll(_items, item => item.Narrow(narrow)));
}
